/**
 * Lets those give up that wait longer than they all may, with one timer for all of them.
 *
 * Owns the timer, which runs only while somebody waits. T1. Who came first is due first, as all may wait equally long.
 */
import type { Clock } from "../config/monotonic.js";
import type { Impatient } from "../scope/give-up.js";

export class EqualTimeouts {
  readonly #timeout: number;
  readonly #clock: Clock;
  /** Each with when it is due. */
  readonly #waiting = new Map<Impatient, number>();
  #forgetTimer: (() => void) | undefined;

  /** @param timeout - in ms */
  constructor(timeout: number, clock: Clock) {
    this.#timeout = timeout;
    this.#clock = clock;
  }

  add(waiter: Impatient): void {
    this.#waiting.set(waiter, this.#clock.now() + this.#timeout);
    this.#forgetTimer ??= this.#clock.after(this.#timeout, () => this.#look());
  }

  /** Does nothing for one that is not there. */
  delete(waiter: Impatient): void {
    this.#waiting.delete(waiter);
    if (this.#waiting.size > 0) return;
    this.#forgetTimer?.();
    this.#forgetTimer = undefined;
  }

  #look(): void {
    this.#forgetTimer = undefined;
    const now = this.#clock.now();
    for (const [waiter, dueAt] of this.#waiting) {
      if (dueAt > now) {
        this.#forgetTimer = this.#clock.after(dueAt - now, () => this.#look());
        return;
      }
      this.#waiting.delete(waiter);
      waiter.giveUp(waiter.tooLate(this.#timeout));
    }
  }
}
