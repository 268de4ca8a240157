/**
 * The numbers of one limit, where every thread of the process that shares it can read and write them.
 *
 * Owns the memory, its lock, and the rows: a row counts what one holder (a thread) holds, so that it can be given back
 * when the holder dies.
 *
 * M1. Whoever changes the numbers holds the lock, unless nobody else has the memory (`isShared`).
 * M2. A holder that died with the lock does not keep it: who waits takes it over (`BREAK_AFTER_MS`), or is told (`free`).
 * M3. `waiting` is above 0 while somebody waits whom the owner must serve first, or is paused: then no thread helps itself.
 * M4. It is busy where another thread has the memory, or somebody waits; else there is nothing to lock, and nobody to tell.
 */
import { threadId } from "node:worker_threads";

const LOCK = 0;
const WAITING = 1;
const MADE_BY = 2;
const MADE_AS = 3;
const FIRST_ROW = 4;

/** Threads that can hold something of one limit at once; any more go through the owner. Row 0 is the owner's. */
export const ROWS = 64;

const HEADER_BYTES = (FIRST_ROW + ROWS) * Int32Array.BYTES_PER_ELEMENT;

/** Attempts before a waiting thread sleeps: the lock is held for about a microsecond. */
const SPINS = 200;
/** No living thread holds the lock for so long, in ms. */
const BREAK_AFTER_MS = 1000;

/** What this thread writes into a lock that it holds. */
const SELF = threadId + 1;

let memories = 0;

export class LimitMemory {
  readonly buffer: SharedArrayBuffer;
  readonly state: Float64Array;
  /** Whoever locks several locks them in this order. */
  readonly order: number;
  readonly #words: Int32Array;
  #isShared: boolean;
  /** M4. All that most requests ask of it: an atomic read costs a tenth of a free request. */
  isBusy: boolean;

  /** @param source - how many numbers a new memory has, or the memory that another thread made */
  constructor(source: number | SharedArrayBuffer) {
    const isNew = typeof source === "number";
    this.buffer = isNew ? new SharedArrayBuffer(HEADER_BYTES + source * Float64Array.BYTES_PER_ELEMENT) : source;
    this.#words = new Int32Array(this.buffer, 0, FIRST_ROW + ROWS);
    this.state = new Float64Array(this.buffer, HEADER_BYTES);
    this.#isShared = !isNew;
    this.isBusy = !isNew;
    if (isNew) {
      this.#words[FIRST_ROW] = 1;
      this.#words[MADE_BY] = threadId;
      this.#words[MADE_AS] = ++memories;
    }
    this.order = this.#words[MADE_BY]! * 2 ** 31 + this.#words[MADE_AS]!;
  }

  /** Another thread is about to get this memory. */
  share(): SharedArrayBuffer {
    this.#isShared = true;
    this.isBusy = true;
    return this.buffer;
  }

  lock(): void {
    if (this.#isShared && Atomics.compareExchange(this.#words, LOCK, 0, SELF) !== 0) this.#waitForLock();
  }

  unlock(): void {
    if (!this.#isShared) return;
    // Only what is still its own: it may have been stopped for so long that another has taken it over.
    Atomics.compareExchange(this.#words, LOCK, SELF, 0);
    Atomics.notify(this.#words, LOCK, 1);
  }

  /** Takes the lock away from a thread that is gone. */
  breakLock(holder: number): void {
    // M2
    if (Atomics.compareExchange(this.#words, LOCK, holder, 0) === holder) Atomics.notify(this.#words, LOCK);
  }

  get hasWaiting(): boolean {
    return this.isBusy && Atomics.load(this.#words, WAITING) > 0;
  }

  /** One more, or one less, must be served by the owner. */
  countWaiting(difference: 1 | -1): void {
    const before = Atomics.add(this.#words, WAITING, difference);
    this.isBusy = this.#isShared || before + difference > 0;
  }

  /** A row for another holder; `undefined` when all are taken. */
  claimRow(): number | undefined {
    for (let row = 1; row < ROWS; row += 1) {
      if (Atomics.compareExchange(this.#words, FIRST_ROW + row, 0, 1) === 0) return row;
    }
    return undefined;
  }

  freeRow(row: number): void {
    Atomics.store(this.#words, FIRST_ROW + row, 0);
  }

  #waitForLock(): void {
    for (let spin = 0; spin < SPINS; spin += 1) {
      if (Atomics.compareExchange(this.#words, LOCK, 0, SELF) === 0) return;
    }
    let holder = Atomics.load(this.#words, LOCK);
    let since = performance.now();
    while (Atomics.compareExchange(this.#words, LOCK, 0, SELF) !== 0) {
      Atomics.wait(this.#words, LOCK, holder, 1);
      const now = Atomics.load(this.#words, LOCK);
      if (now !== holder) {
        holder = now;
        since = performance.now();
      } else if (performance.now() - since > BREAK_AFTER_MS) {
        this.breakLock(holder);
      }
    }
  }
}
