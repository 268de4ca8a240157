/**
 * Those that wait while the broker owes an answer: each at most for `brokerTimeout`.
 *
 * Owns the timer, which does not keep the program alive: what is waited for does.
 */

/** Somebody who waits. */
export interface Waits {
  /** Since when, by `performance.now()`. */
  readonly since: number;
  /** Told that the broker was away for too long. */
  gaveUp(): void;
}

/** How often is looked where nothing is owed, as a share of the timeout. */
const LOOKS = 1 / 4;

export class Patience {
  readonly #timeout: number;
  /** The longest first. */
  readonly #waiting = new Set<Waits>();
  /** Since when an answer is owed. */
  #owedSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(waits: Waits): void {
    this.#waiting.add(waits);
    if (!this.#timer) this.#arm(this.#timeout);
  }

  delete(waits: Waits): void {
    this.#waiting.delete(waits);
  }

  /** An answer is owed from now on; or none is. */
  owe(isOwed: boolean): void {
    this.#owedSince = isOwed ? (this.#owedSince ?? performance.now()) : undefined;
  }

  /** Those that wait, who do so no more. */
  takeAll(): Waits[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return all;
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(this.#look, Math.ceil(ms)).unref();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    let next = this.#timeout * LOOKS;
    for (const waits of this.#owedSince === undefined ? [] : Array.from(this.#waiting)) {
      const left = Math.max(this.#owedSince!, waits.since) + this.#timeout - now;
      if (left > 0) {
        next = left;
        break;
      }
      this.#waiting.delete(waits);
      waits.gaveUp();
    }
    if (this.#waiting.size > 0 && !this.#timer) this.#arm(next);
  };
}
