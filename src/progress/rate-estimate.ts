/** After this many ms an observation weighs a tenth. */
const MEMORY_MS = 15_000;
/** Where things are slow, the average is over about this many. */
const MEMORY_ITEMS = 10;

/**
 * How many things per second, lately: an average of the past in which what is `age` ms old weighs `0.1 ** (age / 15_000)`,
 * as in the estimator of indicatif. It is a quotient of weighted counts and weighted time, so it is not biased at the
 * beginning; when nothing comes any more, it falls.
 */
export class RateEstimate {
  #count = 0;
  #time = 0;
  #last: number;
  #lastAt: number;
  /** For the average interval between two things. */
  #first: number;
  #firstAt: number;

  constructor(now: number, done: number) {
    this.#last = this.#first = done;
    this.#lastAt = this.#firstAt = now;
  }

  /** Tells how much is done by now. Less than before means that it was begun anew. */
  record(now: number, done: number): void {
    if (done < this.#last) {
      this.#count = this.#time = 0;
      this.#last = this.#first = done;
      this.#lastAt = this.#firstAt = now;
      return;
    }
    const elapsed = now - this.#lastAt;
    if (done === this.#last || elapsed <= 0) return;
    const kept = this.#kept(elapsed);
    // The integral of the weights over the interval, in which the things are taken to be spread evenly.
    const weight = (1 - kept) * MEMORY_MS;
    this.#count = this.#count * kept + ((done - this.#last) / elapsed) * weight;
    this.#time = this.#time * kept + weight;
    this.#last = done;
    this.#lastAt = now;
  }

  /** Things per second; 0 until the first is done. */
  perSecond(now: number): number {
    if (this.#time === 0) return 0;
    // Between two things nothing has slowed down yet: only what is longer than usual counts.
    const idle = Math.max(0, now - this.#lastAt - this.#interval());
    const kept = this.#kept(idle);
    return (1000 * this.#count * kept) / (this.#time * kept + (1 - kept) * MEMORY_MS);
  }

  /** From one thing to the next, in ms, on average since the beginning. */
  #interval(): number {
    return (this.#lastAt - this.#firstAt) / Math.max(1, this.#last - this.#first);
  }

  #kept(elapsed: number): number {
    return 0.1 ** (elapsed / Math.max(MEMORY_MS, MEMORY_ITEMS * this.#interval()));
  }
}
