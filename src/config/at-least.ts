import { show } from "./show.js";

/** @throws {RangeError} when it is neither `Infinity` nor a whole number from `least` on */
export function atLeast(name: string, value: number, least: number): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value >= least)) return value;
  const wanted = least === 1 ? "a positive integer" : `an integer of at least ${least}`;
  throw new RangeError(`Cannot set '${name}' as it must be ${wanted}: current value is ${show(value)}`);
}
