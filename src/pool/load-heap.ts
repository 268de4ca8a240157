/**
 * Workers in the order of their load, the first of several first: a binary heap that knows where each worker is.
 *
 * Owns the order. A load is as it was when the worker was last placed.
 */
import type { Placed } from "./likely.js";

export class LoadHeap<C extends Placed> {
  readonly #loadOf: (worker: C) => number;
  readonly #heap: C[] = [];
  readonly #loads: number[] = [];
  /** By the index of a worker, where it is in the heap. */
  readonly #places: (number | undefined)[] = [];

  constructor(loadOf: (worker: C) => number) {
    this.#loadOf = loadOf;
  }

  get top(): C | undefined {
    return this.#heap[0];
  }

  /** Adds the worker, or moves it to where its load belongs. */
  place(worker: C): void {
    const load = this.#loadOf(worker);
    const at = this.#places[worker.index];
    if (at !== undefined && this.#heap[at] === worker) this.#move(at, worker, load);
    else this.#up(this.#heap.length, worker, load);
  }

  delete(worker: C): void {
    const at = this.#places[worker.index];
    if (at === undefined || this.#heap[at] !== worker) return;
    this.#places[worker.index] = undefined;
    const last = this.#heap.pop()!;
    const load = this.#loads.pop()!;
    if (last !== worker) this.#move(at, last, load);
  }

  #move(at: number, worker: C, load: number): void {
    const parent = (at - 1) >> 1;
    if (at > 0 && this.#precedes(load, worker, parent)) this.#up(at, worker, load);
    else this.#down(at, worker, load);
  }

  #up(from: number, worker: C, load: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#precedes(load, worker, parent)) break;
      this.#put(at, this.#heap[parent]!, this.#loads[parent]!);
      at = parent;
    }
    this.#put(at, worker, load);
  }

  #down(from: number, worker: C, load: number): void {
    const { length } = this.#heap;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#precedes(this.#loads[child + 1]!, this.#heap[child + 1]!, child)) child += 1;
      if (this.#precedes(load, worker, child)) break;
      this.#put(at, this.#heap[child]!, this.#loads[child]!);
      at = child;
    }
    this.#put(at, worker, load);
  }

  #put(at: number, worker: C, load: number): void {
    this.#heap[at] = worker;
    this.#loads[at] = load;
    this.#places[worker.index] = at;
  }

  /** Whether a worker with this load goes before the one at `other`. */
  #precedes(load: number, { index }: C, other: number): boolean {
    const otherLoad = this.#loads[other]!;
    return load < otherLoad || (load === otherLoad && index < this.#heap[other]!.index);
  }
}
