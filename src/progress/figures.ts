/** Numbers as bars show them: short, and of a width that changes seldom. */

const SCALES = ["", "k", "M", "G", "T", "P", "E"];
/** The unit whose amounts are written as MB, GB and so on. */
const BYTES = "bytes";

/** All digits, in groups of three: `12,345`. */
export function exact(value: number): string {
  const [whole = "", fraction] = (Number.isInteger(value) ? String(value) : value.toFixed(1)).split(".");
  if (whole.includes("e")) return scaled(value);
  const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** At most five characters: `12`, `3.4`, `12.3k`, `123M`. */
export function scaled(value: number): string {
  let rest = value;
  let scale = 0;
  while (rest >= 999.5 && scale < SCALES.length - 1) {
    rest /= 1000;
    scale += 1;
  }
  if (rest >= 999.5) return value.toExponential(0);
  const isWhole = scale === 0 && Number.isInteger(rest);
  return `${isWhole || rest >= 99.95 ? Math.round(rest) : rest.toFixed(1)}${SCALES[scale]}`;
}

function bytes(value: number): string {
  const text = scaled(Math.round(value));
  const scale = text.replace(/^[\d.e+]+/, "");
  return `${text.slice(0, text.length - scale.length)} ${scale}B`;
}

/** How much is done of how much: `1,234/5,678`, or `1.2k/5.7k` in short. */
export function amountText(done: number, total: number | undefined, unit: string, isShort: boolean): string {
  const write = unit === BYTES ? bytes : isShort ? scaled : exact;
  return total === undefined ? write(done) : `${write(done)}/${write(total)}`;
}

/** The unit as it stands behind an amount. */
export function unitText(unit: string): string {
  return unit === "" || unit === BYTES ? "" : ` ${unit}`;
}

/** `12.3k/s`; what is slow is told by the minute or by the hour. Empty for none. */
export function rateText(perSecond: number, unit: string): string {
  const write = unit === BYTES ? bytes : (value: number) => scaled(value < 9.95 ? Math.round(value * 10) / 10 : value);
  if (!(perSecond > 0)) return "";
  if (perSecond >= 0.95) return `${write(perSecond)}/s`;
  if (perSecond * 60 >= 0.95) return `${write(perSecond * 60)}/min`;
  return `${write(perSecond * 3600)}/h`;
}

/** `0:42`, `1:02:03`, `3d 4h`. */
export function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value % 60).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds)}`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 24) return `${hours}:${two(Math.floor(seconds / 60))}:${two(seconds)}`;
  const days = Math.floor(hours / 24);
  return days > 99 ? ">99d" : `${days}d ${hours % 24}h`;
}

/** How long it will take at this rate; `-:--` when that cannot be told. */
export function leftText(done: number, total: number, rate: number): string {
  const left = Math.max(0, total - done);
  if (left === 0) return clockText(0);
  return rate > 0 ? clockText(Math.ceil(left / rate) * 1000) : "-:--";
}

/** From 0 to 100, and 100 only when all is done. */
export function percentOf(done: number, total: number): number {
  if (done >= total) return 100;
  return Math.min(99, Math.floor((100 * done) / total));
}
