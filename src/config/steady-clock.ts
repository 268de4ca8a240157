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
export function inMs([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

let origin: number | undefined;

/** A time of its as `Date.now()` told it, as if the wall clock had not been set since it was first asked for. */
export function wallTimeOf(ms: number): number {
  origin ??= performance.timeOrigin + performance.now() - steadyNow();
  return origin + ms;
}
