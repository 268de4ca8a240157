/**
 * The monotonic clock of the machine, the same in all threads and processes, and not set back with the wall clock.
 *
 * `performance.now()` tells the time since its thread began, costs as much, and has Node.js load nine modules first.
 */

/** Its time in ms, with fractions; its origin is arbitrary. */
export function steadyNow(): number {
  return inMs(process.hrtime());
}

/** What `process.hrtime()` has told, in ms. */
export function inMs(time: readonly [seconds: number, nanoseconds: number]): number {
  // Taken apart as an array can be, it would be iterated: a fifth of a reading.
  return time[0] * 1000 + time[1] / 1e6;
}

let origin: number | undefined;

/** A time of its as `Date.now()` told it, as if the wall clock had not been set since it was first asked for. */
export function wallTimeOf(ms: number): number {
  origin ??= performance.timeOrigin + performance.now() - steadyNow();
  return origin + ms;
}
