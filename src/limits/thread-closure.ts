/**
 * Keeps threads from taking by themselves while a set is paused: they ask its owner, who lets them wait.
 *
 * Owns one timer, however often the pause is lengthened: it rings for the end it was told first, and again for what was
 * added meanwhile.
 */
import type { Clock } from "../config/monotonic.js";
import type { LimitMemory } from "./limit-memory.js";

export class ThreadClosure {
  readonly #memories: readonly LimitMemory[];
  readonly #clock: Clock;
  #until = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(memories: readonly LimitMemory[], clock: Clock) {
    this.#memories = memories;
    this.#clock = clock;
  }

  /** @param instant - by the clock, in ms; an earlier one than before changes nothing */
  closeUntil(instant: number): void {
    this.#until = Math.max(this.#until, instant);
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const memory of this.#memories) memory.countWaiting(1);
    this.#arm();
  }

  #arm(): void {
    this.#clock.after(Math.max(0, this.#until - this.#clock.now()), this.#ring, true);
  }

  readonly #ring = (): void => {
    if (this.#clock.now() < this.#until) {
      this.#arm();
      return;
    }
    this.#isClosed = false;
    for (const memory of this.#memories) memory.countWaiting(-1);
  };
}
