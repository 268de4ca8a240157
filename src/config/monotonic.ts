import { LONGEST_TIMER } from "./duration.js";

/** What tells the time to limits, and wakes them. Injected in tests. */
export interface Clock {
  /** Monotonic time in ms, with fractions; its origin is arbitrary. */
  now(): number;
  /** Calls `fn` once, after about `ms` ms; returns what forgets it. One in the background does not keep the program alive. */
  after(ms: number, fn: () => void, isInBackground?: boolean): () => void;
}

/** `performance.now()` begins anew in each thread, the clock of the machine does not. */
const ORIGIN = findOrigin();

/** Compares the two clocks, several times, as a thread may be interrupted between two looks at them. */
function findOrigin(): number {
  let origin = 0;
  let shortest = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 8; look += 1) {
    const before = performance.now();
    const machine = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before >= shortest) continue;
    shortest = after - before;
    origin = machine - (before + after) / 2;
  }
  return origin;
}

/** A time that `performance.now()` told in this thread, by the clock of the machine. */
export function onMachineClock(ms: number): number {
  return ORIGIN + ms;
}

/** The monotonic clock of the machine: the same in all threads and processes, and not set back with the wall clock. */
export const machineClock: Clock = {
  now: () => ORIGIN + performance.now(),
  after: (ms, fn, isInBackground = false) => {
    const timer = setTimeout(fn, Math.min(Math.ceil(ms), LONGEST_TIMER));
    if (isInBackground) timer.unref();
    return () => clearTimeout(timer);
  },
};
