/**
 * Bounds how many retries all calls together cause, so that retries do not multiply the load of what is failing.
 *
 * Owns two counts, of calls and of retries, for the present second and each of the nine before it. That is a token
 * bucket whose tokens expire, after Finagle's `RetryBudget` and tower's `TpsBudget`, with their 10 s. A bucket of fixed
 * size would refuse most retries of a large batch, or let a small pool that was idle repeat everything.
 *
 * B1. A retry is allowed exactly when the retries of these 10 seconds, with it, are at most `ratio` × their calls
 *     + `min` × 10.
 * B2. So a call pays once: in a run of any length there are at most `ratio` × calls retries, and `min` × 10 for each
 *     10 seconds begun.
 */
const SLOTS = 10;
const SLOT_MS = 1000;
/** Ten calls at a ratio of 0.29 are not to fall short of a retry by a rounding error. */
const ROUNDING = 1e-9;

export class RetryBudget {
  readonly #ratio: number;
  /** Retries in any 10 s that no call has to pay for. */
  readonly #reserve: number;
  readonly #calls = new Float64Array(SLOTS);
  readonly #retries = new Float64Array(SLOTS);
  /** The sums of both: whole numbers, so they do not drift. */
  #recentCalls = 0;
  #recentRetries = 0;
  /** The second that is being counted. */
  #second = Number.NEGATIVE_INFINITY;

  /**
   * @param ratio - retries for each call
   * @param min - retries per second that are allowed however few calls there are, to be had at once. Default: 10
   */
  constructor(ratio: number, min = 10) {
    this.#ratio = ratio;
    this.#reserve = min * SLOTS;
  }

  /**
   * Counts a call; not its retries.
   * @param now - a monotonic time in ms
   */
  deposit(now: number): void {
    const slot = this.#slotAt(now);
    this.#calls[slot] = this.#calls[slot]! + 1;
    this.#recentCalls += 1;
  }

  /**
   * Takes a retry from the budget, and tells whether there was one.
   * @param now - a monotonic time in ms
   */
  withdraw(now: number): boolean {
    const slot = this.#slotAt(now);
    const allowed = this.#ratio * this.#recentCalls + this.#reserve + ROUNDING;
    if (this.#recentRetries + 1 > allowed) return false;
    this.#retries[slot] = this.#retries[slot]! + 1;
    this.#recentRetries += 1;
    return true;
  }

  /** Forgets what is too old, and returns the place of the present second. A time that went back counts as the last. */
  #slotAt(now: number): number {
    const second = Math.max(this.#second, Math.floor(now / SLOT_MS));
    for (let next = Math.max(this.#second + 1, second - SLOTS + 1); next <= second; next += 1) this.#forget(next);
    this.#second = second;
    return slotOf(second);
  }

  #forget(second: number): void {
    const slot = slotOf(second);
    this.#recentCalls -= this.#calls[slot]!;
    this.#recentRetries -= this.#retries[slot]!;
    this.#calls[slot] = 0;
    this.#retries[slot] = 0;
  }
}

/** Also for a time below 0. */
function slotOf(second: number): number {
  return ((second % SLOTS) + SLOTS) % SLOTS;
}
