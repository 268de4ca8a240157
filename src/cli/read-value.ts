/** Reads values of options, which are text. */
import { show } from "../config/show.js";
import { LONGEST_TIMER } from "../config/duration.js";
import type { OptionValues } from "./command.js";
import { UsageError } from "./usage-error.js";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A text, or `undefined` where the option was not given. */
export function readText(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** Words between commas. */
export function readList(values: OptionValues, name: string): string[] | undefined {
  return readText(values, name)
    ?.split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** Whether an option was given. */
export function readFlag(values: OptionValues, name: string): boolean {
  return values[name] === true;
}

/** @throws {UsageError} when it is no whole number from `least` on */
export function readCount(values: OptionValues, name: string, least: number): number | undefined {
  const text = readText(values, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(
    `Cannot set '--${name}' as it must be an integer of at least ${least}: current value is ${show(text)}`,
  );
}

/** @throws {UsageError} when it is no number from `least` on */
export function readNumber(values: OptionValues, name: string, least: number): number | undefined {
  const text = readText(values, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= least) return value;
  throw new UsageError(
    `Cannot set '--${name}' as it must be a number from ${least} on: current value is ${show(text)}`,
  );
}

/**
 * A time such as `500ms`, `30s`, `5m` or `1h`, in ms. A number alone is refused: whoever writes `--timeout 5` means
 * seconds as often as not, and 5 ms would fail every item.
 */
export function readDuration(values: OptionValues, name: string): number | undefined {
  const text = readText(values, name);
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = unit === undefined ? Number.NaN : Number(number) * UNITS[unit]!;
  if (ms <= LONGEST_TIMER) return ms;
  throw new UsageError(
    `Cannot set '--${name}' as it must be a time such as 500ms, 30s or 5m, of at most 24 days: current value is ${show(text)}`,
  );
}

/** @throws {UsageError} when it is no JSON */
export function readJson(values: OptionValues, name: string): unknown {
  const text = readText(values, name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(
      `Cannot set '--${name}' as it must be JSON, as in --${name} '["a", 1]': current value is ${show(text)}`,
    );
  }
}
