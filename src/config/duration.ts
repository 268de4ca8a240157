import { show } from "./show.js";

/** The longest delay a timer of Node.js takes, in ms: about 25 days. */
export const LONGEST_TIMER = 0x7fff_ffff;

/**
 * Returns a number of ms that a timer can take.
 * @throws {RangeError} naming what was to be set, and to what
 */
export function duration(name: string, value: number): number {
  if (typeof value === "number" && value >= 0 && value <= LONGEST_TIMER) return value;
  throw new RangeError(
    `Cannot set '${name}' as it must be a number of ms from 0 to ${LONGEST_TIMER}: current value is ${show(value)}`,
  );
}
