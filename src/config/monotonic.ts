import { LONGEST_TIMER } from "./duration.js";

/** What tells the time to limits, and wakes them. Injected in tests. */
export interface Clock {
  /** Monotonic time in ms, with fractions; its origin is arbitrary. */
  now(): number;
  /** Calls `fn` once, after about `ms` ms; returns what forgets it. One in the background does not keep the program alive. */
  after(ms: number, fn: () => void, isInBackground?: boolean): () => void;
}

/** `performance.now()` begins anew in each thread, the clock of the machine does not. */
const ORIGIN = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** The monotonic clock of the machine: the same in all threads and processes, and not set back with the wall clock. */
export const machineClock: Clock = {
  now: () => ORIGIN + performance.now(),
  after: (ms, fn, isInBackground = false) => {
    const timer = setTimeout(fn, Math.min(Math.ceil(ms), LONGEST_TIMER));
    if (isInBackground) timer.unref();
    return () => clearTimeout(timer);
  },
};
