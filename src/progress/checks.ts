import { show } from "../config/show.js";
import type { ProgressStream } from "./progress-output.js";

export function isCount(count: unknown): count is number {
  return typeof count === "number" && count >= 0 && count < Number.POSITIVE_INFINITY;
}

/** @throws {RangeError} when it is not a number that can be counted to */
export function checkCount(name: string, count: number): void {
  if (isCount(count)) return;
  throw new RangeError(
    `Cannot set '${name}' as it must be a number, finite and not negative: current value is ${show(count)}`,
  );
}

export function checkTotal(total: number | undefined): void {
  if (total !== undefined) checkCount("total", total);
}

export function checkText(name: string, text: string): string {
  if (typeof text === "string") return text;
  throw new TypeError(`Cannot set '${name}' as it must be a string: current value is ${show(text)}`);
}

export function checkStream(stream: ProgressStream): void {
  if (typeof stream === "object" && stream !== null && typeof stream.write === "function") return;
  throw new TypeError(`Cannot set 'stream' as it must have a method 'write': current value is ${show(stream)}`);
}
