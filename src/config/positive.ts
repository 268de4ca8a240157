import { show } from "./show.js";

/** @throws {RangeError} for what is no number above 0 */
export function positive(name: string, value: number): number {
  if (typeof value === "number" && value > 0) return value;
  throw new RangeError(`Cannot set '${name}' as it must be above 0: current value is ${show(value)}`);
}

/** @throws {RangeError} for a number without end */
export function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new RangeError(`Cannot set '${name}' as it must be finite: current value is ${show(value)}`);
}
