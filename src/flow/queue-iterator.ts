/**
 * A `for await` loop over a queue.
 *
 * Owns the calls of `next()` that wait. An item is processed when the loop asks for the next one, or is left.
 */
import { Attendance } from "./queue-attendance.js";
import type { QueueCore, QueueWaiter } from "./queue-core.js";
import { NOTHING } from "./queue-ring.js";

type Result<T> = IteratorResult<T, undefined>;

export class QueueIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #core: QueueCore<T>;
  readonly #attendance: Attendance;
  #waiting = new Set<QueueWaiter<T>>();

  constructor(core: QueueCore<T>) {
    this.#core = core;
    this.#attendance = new Attendance(core as QueueCore<never>);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result<T>> {
    const attendance = this.#attendance;
    if (attendance.isGone) return over();
    attendance.enter(this);
    attendance.finish();
    const item = this.#core.poll();
    if (item === NOTHING) return this.#wait();
    attendance.hold();
    return Promise.resolve({ value: item, done: false });
  }

  /** Leaves the loop: before the end, unless the queue is closed and empty. */
  return(): Promise<Result<T>> {
    this.#attendance.leave({ hasFailed: false });
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const taker of waiting) {
      taker.leave();
      taker.endings.end!();
    }
    return over();
  }

  #wait(): Promise<Result<T>> {
    return new Promise((resolve, reject) => {
      const taker = this.#core.waitToTake({
        serve: (value) => {
          this.#waiting.delete(taker);
          this.#attendance.hold();
          resolve({ value, done: false });
        },
        end: () => this.#end(() => resolve({ value: undefined, done: true })),
        fail: (error) => this.#end(() => reject(error as Error)),
      });
      if (taker.waitsIn) this.#waiting.add(taker);
    });
  }

  /** The queue has ended. */
  #end(tell: () => void): void {
    this.#waiting.clear();
    this.#attendance.leave(undefined);
    tell();
  }
}

function over(): Promise<Result<never>> {
  return Promise.resolve({ value: undefined, done: true });
}
