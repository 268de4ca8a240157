import { type Rate, resolveRate } from "../../limits/rate.js";
import { type RateAlgorithm, rateAlgorithm } from "../../limits/rate-algorithm.js";
import type { Settings } from "./simulation-options.js";

/**
 * What an account may have of something in a minute, as a server keeps it.
 *
 * A bucket lets pass what is larger than its burst when it is full, and then owes the rest: so a large request must wait
 * for its turn, and not for ever.
 */
export class Budget {
  readonly limit: number;
  readonly #rate: Rate;
  readonly #algorithm: RateAlgorithm;
  readonly #state: Float64Array;
  readonly #isWindow: boolean;

  constructor(limit: number, { window, enforce, burst }: Settings, now: number) {
    this.limit = limit;
    this.#isWindow = enforce === "window";
    const algorithm = this.#isWindow ? "sliding-window" : "token-bucket";
    this.#algorithm = rateAlgorithm(algorithm);
    this.#rate = resolveRate({
      capacity: limit,
      window,
      algorithm,
      ...(this.#isWindow ? { guard: 0 } : { burst: Math.max(1, limit * burst) }),
    });
    this.#state = new Float64Array(this.#algorithm.size(this.#rate));
    this.#algorithm.reset(this.#state, this.#rate, now);
  }

  /** The ms until so much may be taken if nobody takes anything meanwhile. */
  wait(now: number, amount: number): number {
    return this.#algorithm.wait(this.#state, this.#rate, now, Math.min(amount, this.#rate.burst));
  }

  take(now: number, amount: number): void {
    this.#algorithm.take(this.#state, this.#rate, now, amount);
  }

  /** What of the limit is used, as errors say it: at least what makes a request wait that has to. */
  used(now: number): number {
    return Math.ceil(this.limit - this.#algorithm.available(this.#state, this.#rate, now));
  }

  /** What headers say is left: all but what has not flowed back yet. */
  remaining(now: number): number {
    const missing = this.#rate.burst - this.#algorithm.available(this.#state, this.#rate, now);
    return Math.max(0, Math.floor(this.limit - missing));
  }

  /**
   * The ms until all is there again, as headers say; of a window that is used up, those until something is there again:
   * who waits for all of it would leave most of it unused.
   */
  reset(now: number): number {
    const missing = this.#rate.burst - this.#algorithm.available(this.#state, this.#rate, now);
    if (!this.#isWindow) return Math.max(0, missing / this.#rate.perMs);
    return this.#algorithm.wait(this.#state, this.#rate, now, missing > this.limit - 1 ? 1 : this.limit);
  }
}
