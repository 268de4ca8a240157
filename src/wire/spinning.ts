/**
 * Whether threads may stay awake for an answer: only where that takes no core from one that has work.
 *
 * Owns the count of the hosts that this thread has just called. Each of them, and this thread, may be awake at once.
 */
import { availableParallelism } from "node:os";

/** What `spin: "auto"` allows, in µs: about what waking two threads takes. */
const AUTO_US = 50;

/** What an option allows, in µs. */
export function spinBudget(spin: "auto" | "off" | number = "auto"): number {
  if (spin === "off") return 0;
  return spin === "auto" ? AUTO_US : spin;
}

/** A host counts for so many ms after it was called, and up to as many more. */
const WINDOW_MS = 1;

const cores = availableParallelism();
let window = 0;
let windowEndsAt = 0;
/** Hosts called in the window before, and in this one. */
let before = 0;
let present = 0;

/** One host as this thread calls it. */
export class CalledHost {
  #window = -1;

  /** It is called. Returns whether there are cores for all that may be awake. */
  called(): boolean {
    const now = performance.now();
    if (now >= windowEndsAt) {
      before = now < windowEndsAt + WINDOW_MS ? present : 0;
      present = 0;
      windowEndsAt = now + WINDOW_MS;
      window += 1;
    }
    if (this.#window !== window) {
      this.#window = window;
      present += 1;
    }
    return Math.max(before, present) < cores;
  }
}
