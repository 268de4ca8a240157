/** Where figures lie on a line, and which of them are named there. */

export interface Axis {
  /** From 0, where the axis begins, to 1. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

const NICE_STEPS = [1, 2, 2.5, 5, 10];
const MOST_TICKS = 6;
const FEW_DECADES = 1.7;

/** From 0 to a little beyond the largest. */
export function linearAxis(largest: number): Axis {
  const raw = largest / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * NICE_STEPS.find((nice) => nice * power >= raw)!;
  const end = step * Math.ceil(largest / step);
  return {
    place: (value) => value / end,
    ticks: Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step),
  };
}

/** From the power of ten below the smallest to a little beyond the largest. */
export function logAxis(smallest: number, largest: number): Axis {
  const begin = Math.floor(Math.log10(smallest) + 1e-9);
  const end = Math.max(begin + 1, Math.log10(largest));
  const powers = Array.from({ length: Math.floor(end + 1e-9) - begin + 1 }, (_, index) => 10 ** (begin + index));
  // Where powers of ten are too few to tell by, some between them.
  const ticks = end - begin < FEW_DECADES ? powers.flatMap((power) => [power, 2 * power, 5 * power]) : powers;
  return {
    place: (value) => (Math.log10(value) - begin) / (end - begin),
    ticks: ticks.filter((tick) => Math.log10(tick) <= end + 1e-9),
  };
}

const PREFIXES: readonly (readonly [number, string])[] = [
  [1e6, "M"],
  [1e3, "k"],
];

/** A figure in few letters: `1.2M`, `47k`, `3.1`. */
export function shortNumber(value: number): string {
  const [unit, prefix] = PREFIXES.find(([least]) => Math.abs(value) >= least) ?? [1, ""];
  const scaled = value / unit;
  const digits = scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return `${Number(scaled.toFixed(digits))}${prefix}`;
}
