/**
 * The monotonic time in ms, read as seldom as can be: a reading costs as much as all else that is done at one end of a call.
 *
 * A reading counts until `pass()`, or until the end of the turn in which `turnNow` or `untilTurn` was called.
 */
import { inMs } from "./steady-clock.js";

// As it is when the library loads: a worker may replace it, as fake timers do. And a reading costs a fifth less.
const { hrtime } = process;

let now = 0;
let isFresh = false;
let isExpiring = false;
const expire = (): void => {
  isFresh = false;
  isExpiring = false;
};
const settled = Promise.resolve();

/**
 * The time, read once for all that runs in a row: thousands of calls are often made, or answered, by continuations that one
 * message has set off.
 */
export function turnNow(): number {
  if (!isFresh) {
    now = inMs(hrtime());
    isFresh = true;
    untilTurn();
  }
  return now;
}

/** The exact time, which counts until `pass()`. */
export function readNow(): number {
  now = inMs(hrtime());
  isFresh = true;
  return now;
}

/** What was read, where it still counts, else the exact time. */
export function lastNow(): number {
  return isFresh ? now : inMs(hrtime());
}

/** Somebody else's code has run: what was read does not count any more. */
export function pass(): void {
  isFresh = false;
}

/** What was read counts until the end of the turn at most. */
export function untilTurn(): void {
  if (isExpiring) return;
  isExpiring = true;
  // Cheaper than a tick of its own, which would be a good part of a call that is alone in its turn.
  void settled.then(expire);
}
