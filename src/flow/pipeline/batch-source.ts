/**
 * Gathers items into batches, as somebody asks for them.
 *
 * Owns the items of the batch that is being filled, and the timer that ends its filling.
 *
 * B1. A batch is given when it is full, when its first item has waited `maxWait` ms, or when nothing more will come.
 * B2. Items are taken only while somebody waits for a batch; at most `size` of them are here.
 */
import type { Clock } from "../../config/monotonic.js";
import { END, PENDING, type Source } from "../map-source.js";

export class BatchSource<T> implements Source<T[]> {
  readonly #source: Source<T>;
  readonly #size: number;
  readonly #maxWait: number | undefined;
  readonly #clock: Clock;
  #batch: T[] = [];
  #isDue = false;
  #forgetTimer: (() => void) | undefined;
  #wake: (() => void) | undefined;
  readonly #tell = (): void => {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  };

  /** @param maxWait - in ms; without it a batch waits until it is full */
  constructor(source: Source<T>, size: number, maxWait: number | undefined, clock: Clock) {
    this.#source = source;
    this.#size = size;
    this.#maxWait = maxWait;
    this.#clock = clock;
  }

  pull(wake: () => void): T[] | typeof PENDING | typeof END {
    while (this.#batch.length < this.#size) {
      const item = this.#source.pull(this.#tell);
      if (item === END) return this.#batch.length > 0 ? this.#take() : END;
      if (item === PENDING) {
        if (this.#batch.length > 0 && (this.#isDue || this.#maxWait === 0)) break;
        this.#wake = wake;
        return PENDING;
      }
      this.#batch.push(item);
      if (this.#batch.length === 1) this.#startTimer();
    }
    return this.#take();
  }

  close(): PromiseLike<unknown> | undefined {
    this.#wake = undefined;
    this.#take();
    return this.#source.close();
  }

  #take(): T[] {
    const batch = this.#batch;
    this.#batch = [];
    this.#isDue = false;
    this.#forgetTimer?.();
    this.#forgetTimer = undefined;
    return batch;
  }

  #startTimer(): void {
    if (this.#maxWait === undefined || this.#maxWait === 0 || this.#size === 1) return;
    this.#forgetTimer = this.#clock.after(this.#maxWait, () => {
      this.#forgetTimer = undefined;
      this.#isDue = true;
      this.#tell();
    });
  }
}

/** Gives what is in batches one by one. */
export class FlatSource<T> implements Source<T> {
  readonly #source: Source<readonly T[]>;
  #batch: readonly T[] = [];
  #next = 0;

  constructor(source: Source<readonly T[]>) {
    this.#source = source;
  }

  pull(wake: () => void): T | typeof PENDING | typeof END {
    while (this.#next >= this.#batch.length) {
      const batch = this.#source.pull(wake);
      if (batch === PENDING || batch === END) return batch;
      this.#batch = batch;
      this.#next = 0;
    }
    return this.#batch[this.#next++]!;
  }

  /** Forgets the rest of a batch. */
  drop(): void {
    this.#batch = [];
  }

  close(): PromiseLike<unknown> | undefined {
    this.drop();
    return this.#source.close();
  }
}
