/**
 * Whether threads may stay awake for an answer: only where that takes no core from one that has work.
 *
 * Owns the count of the hosts that have calls of this thread, and of those that it has just called. This thread is awake
 * beside the former while it waits for their answers, and beside the latter while these wait for the next call.
 */
import { availableParallelism } from "node:os";
import { steadyNow } from "../config/steady-clock.js";

/** What `spin: "auto"` allows, in µs: about what waking two threads takes. */
const AUTO_US = 50;

/**
 * The same for a caller that blocks and its worker. The two have waited for each other, and may be on one core, where one that
 * is awake keeps the other from running: that they have a core each the scheduler sees only after some ms.
 */
const AUTO_BLOCKING_US = 2000;

/** What an option allows, in µs. */
export function spinBudget(spin: "auto" | "off" | number = "auto", auto = AUTO_US): number {
  if (spin === "off") return 0;
  return spin === "auto" ? auto : spin;
}

/** What it allows a caller that blocks, in µs. */
export function blockingSpinBudget(spin: "auto" | "off" | number | undefined): number {
  return spinBudget(spin, AUTO_BLOCKING_US);
}

/** A host counts for so many ms after it was called, and up to as many more. */
const WINDOW_MS = 1;

const cores = availableParallelism();

/** Whether there is more than one: else whoever stays awake keeps the other side from its work. */
export const hasSeveralCores = cores > 1;

let window = 0;
let windowEndsAt = 0;
/** Hosts called in the window before, and in this one. */
let before = 0;
let present = 0;
/** Hosts with calls. */
let busy = 0;

/** One host as this thread calls it. */
export class CalledHost {
  #window = -1;
  #isBusy = false;

  /** It has calls. */
  begins(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    busy += 1;
    const now = steadyNow();
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
  }

  /** It has none any more. */
  ends(): void {
    if (!this.#isBusy) return;
    this.#isBusy = false;
    busy -= 1;
  }
}

/** Whether there is a core for this thread beside the hosts that have calls. */
export function mayAwaitAnswers(): boolean {
  return busy < cores;
}

/** Whether there is one as well for each host that was just called. */
export function mayAwaitCalls(): boolean {
  return Math.max(before, present) < cores;
}
