/**
 * The workers for which something probably holds, found without asking all of them.
 *
 * A worker is noted whenever it may have come to hold, and forgotten when it is met and does not: so each note is paid for
 * once, and a search costs the same whether there are two workers or a hundred.
 */

/** What has a place in a pool. */
export interface Placed {
  readonly index: number;
}

export class Likely<C extends Placed> {
  readonly #holds: (worker: C) => boolean;
  /** By index. */
  readonly #workers: (C | undefined)[] = [];
  /** A bit for each index. */
  #bits = new Int32Array(1);

  constructor(holds: (worker: C) => boolean) {
    this.#holds = holds;
  }

  /** It may hold for this worker from now on. */
  note(worker: C): void {
    const { index } = worker;
    const word = index >>> 5;
    if (word >= this.#bits.length) this.#grow(word);
    this.#workers[index] = worker;
    this.#bits[word] = this.#bits[word]! | (1 << (index & 31));
  }

  forget(worker: C): void {
    if (this.#workers[worker.index] !== worker) return;
    this.#workers[worker.index] = undefined;
    this.#erase(worker.index);
  }

  /** The first for which it holds, with an index from `from` on, else of all; of those, one that `isFit`. */
  find(from = 0, isFit?: (worker: C) => boolean): C | undefined {
    let start = from;
    // Once behind `from`, once from the beginning.
    for (let round = 0; round < 2; round += 1) {
      for (let index = this.#next(start); index >= 0; index = this.#next(index + 1)) {
        const worker = this.#workers[index]!;
        if (!this.#holds(worker)) this.#erase(index);
        else if (!isFit || isFit(worker)) return worker;
      }
      if (start === 0) return undefined;
      start = 0;
    }
    return undefined;
  }

  /** The first noted index from `from` on, or -1. */
  #next(from: number): number {
    let word = from >>> 5;
    if (word >= this.#bits.length) return -1;
    let bits = this.#bits[word]! & (-1 << (from & 31));
    while (bits === 0) {
      word += 1;
      if (word === this.#bits.length) return -1;
      bits = this.#bits[word]!;
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }

  #erase(index: number): void {
    this.#bits[index >>> 5] = this.#bits[index >>> 5]! & ~(1 << (index & 31));
  }

  #grow(word: number): void {
    const bits = new Int32Array(2 * word + 1);
    bits.set(this.#bits);
    this.#bits = bits;
  }
}
