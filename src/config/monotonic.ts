import { LONGEST_TIMER } from "./duration.js";
import { steadyNow } from "./steady-clock.js";

/** What tells the time to limits, and wakes them. Injected in tests. */
export interface Clock {
  /** Monotonic time in ms, with fractions; its origin is arbitrary. */
  now(): number;
  /** Calls `fn` once, after about `ms` ms; returns what forgets it. One in the background does not keep the program alive. */
  after(ms: number, fn: () => void, isInBackground?: boolean): () => void;
}

/** The clock of the machine, and its timers. */
export const machineClock: Clock = {
  now: steadyNow,
  after: (ms, fn, isInBackground = false) => {
    const timer = setTimeout(fn, Math.min(Math.ceil(ms), LONGEST_TIMER));
    if (isInBackground) timer.unref();
    return () => clearTimeout(timer);
  },
};
