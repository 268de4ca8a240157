/**
 * Where calls wait for a worker: first come, first served within a priority, with ageing across priorities.
 *
 * Owns the order. A call's rank is the time it came, less `ageing` ms for each point of priority; the lowest rank goes
 * first. Since all ranks stand still while time goes on, a call of low priority overtakes in the end every call of high
 * priority that comes later: nothing starves, and nothing needs to be sorted again as time passes.
 *
 * W1. `take` returns the live call of lowest rank; of equal ranks the one made first.
 * W2. `delete` takes constant time, in the mean: the place of a deleted call is passed over when its turn comes, and all
 *     such places go when they are more than those of live calls. `upcoming` passes over each but once.
 */
import { keepShape } from "../config/keep-shape.js";

/** What the room needs to know of a call. */
export interface Waiter {
  readonly rank: number;
  readonly sequence: number;
  /** The room it waits in. */
  waitsIn: { delete(call: never): void } | undefined;
}

/** So few places of deleted calls are not worth the work. */
const FEW = 64;

export class WaitingRoom<T extends Waiter> {
  /** Calls that came in rank order, which most do; from `#head` on. */
  #line: (T | undefined)[] = [];
  #head = 0;
  /** The last that was added to the line. */
  #last: T | undefined;
  /** The others: a binary heap. */
  #heap: T[] = [];
  #size = 0;

  /** The number of calls that wait. */
  get size(): number {
    return this.#size;
  }

  add(call: T): void {
    call.waitsIn = this;
    this.#size += 1;
    if (!this.#last || precedes(this.#last, call)) {
      this.#last = call;
      this.#line.push(call);
    } else {
      this.#siftUp(call);
    }
  }

  delete(call: T): void {
    if (call.waitsIn !== this) return;
    call.waitsIn = undefined;
    this.#size -= 1;
    // W2
    if (this.#line.length - this.#head + this.#heap.length > 2 * this.#size + FEW) this.#compact();
  }

  /** The call whose turn it is; it stays. */
  peek(): T | undefined {
    this.#dropDead();
    const first = this.#line[this.#head];
    const top = this.#heap[0];
    if (first && top) return precedes(top, first) ? top : first;
    return first ?? top;
  }

  /** The one whose turn it is, then those that came in order behind it; not those of a priority of their own. */
  *upcoming(): Generator<T, void, undefined> {
    const first = this.peek();
    if (!first) return;
    yield first;
    const [line, head] = [this.#line, this.#head];
    let index = head;
    const live: T[] = [];
    try {
      for (; index < line.length; index += 1) {
        const call = line[index];
        if (call?.waitsIn !== this) continue;
        live.push(call);
        if (call !== first) yield call;
      }
    } finally {
      // Who looks may also take, by which all places may have changed.
      if (this.#line === line && this.#head === head) this.#passOver(live, index);
    }
  }

  /** Removes the call whose turn it is. */
  take(): T | undefined {
    const call = this.peek();
    if (!call) return undefined;
    if (call === this.#heap[0]) this.#removeTop();
    else this.#removeFirst();
    call.waitsIn = undefined;
    this.#size -= 1;
    return call;
  }

  /** Removes all, in order. */
  takeAll(): T[] {
    const all: T[] = [];
    for (let call = this.take(); call; call = this.take()) all.push(call);
    return all;
  }

  /** The live call that came first, whatever its priority. Linear: for overflow only. */
  oldest(): T | undefined {
    let oldest: T | undefined;
    for (const call of this.all()) if (!oldest || call.sequence < oldest.sequence) oldest = call;
    return oldest;
  }

  /** All live calls, which stay, in no order. */
  all(): T[] {
    return [...this.#line.slice(this.#head), ...this.#heap].filter((call) => call?.waitsIn === this) as T[];
  }

  /** Moves the live calls of the line before `index` up to it, where many dead ones lie between them (W2). */
  #passOver(live: readonly T[], index: number): void {
    const end = Math.min(index + 1, this.#line.length);
    if (end - this.#head - live.length < FEW) return;
    const from = end - live.length;
    this.#line.fill(undefined, this.#head, from);
    for (const [offset, call] of live.entries()) this.#line[from + offset] = call;
    this.#head = from;
  }

  /** Keeps live calls only, each once. */
  #compact(): void {
    const isLive = (call: T | undefined): boolean => call?.waitsIn === this;
    this.#line = [...new Set(this.#line.slice(this.#head).filter(isLive))];
    this.#head = 0;
    this.#last = this.#line.at(-1);
    // Sorted, it is a heap.
    this.#heap = [...new Set(this.#heap.filter(isLive))].toSorted((a, b) => (precedes(a, b) ? -1 : 1));
  }

  #dropDead(): void {
    while (this.#head < this.#line.length && this.#line[this.#head]!.waitsIn !== this) this.#removeFirst();
    while (this.#heap.length > 0 && this.#heap[0]!.waitsIn !== this) this.#removeTop();
  }

  #removeFirst(): void {
    this.#line[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#line.length) {
      this.#line = [];
      this.#head = 0;
      this.#last = undefined;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#line.length) {
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
    }
  }

  #siftUp(call: T): void {
    const heap = this.#heap;
    let index = heap.push(call) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!precedes(call, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = call;
  }

  #removeTop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && precedes(heap[child + 1]!, heap[child]!)) child += 1;
      if (!precedes(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function precedes(a: Waiter, b: Waiter): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.sequence < b.sequence);
}

keepShape(new WaitingRoom());
