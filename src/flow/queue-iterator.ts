/**
 * A `for await` loop over a queue.
 *
 * Owns the calls of `next()` that wait. An item is processed when the loop asks for the next one, or is left.
 */
import { onAbort } from "../config/on-abort.js";
import { surroundingSignals } from "../scope/surrounding-signals.js";
import { Attendance } from "./queue-attendance.js";
import type { Loss, QueueCore, QueueWaiter } from "./queue-core.js";
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
    this.#leave({ hasFailed: false });
    return over();
  }

  #leave(loss: Loss): void {
    this.#attendance.leave(loss);
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const taker of waiting) {
      taker.leave();
      taker.endings.end!();
    }
  }

  #wait(): Promise<Result<T>> {
    return new Promise((resolve, reject) => {
      const signals = surroundingSignals();
      const fired = signals.find(({ aborted }) => aborted);
      if (fired) return this.#abort(fired.reason, reject);
      let forgets: readonly (() => void)[] = [];
      const forget = (): void => {
        for (const forgetOne of forgets) forgetOne();
      };
      const taker = this.#core.waitToTake({
        serve: (value) => {
          forget();
          this.#waiting.delete(taker);
          this.#attendance.hold();
          resolve({ value, done: false });
        },
        end: () => {
          forget();
          this.#end(() => resolve({ value: undefined, done: true }));
        },
        fail: (error) => {
          forget();
          this.#end(() => reject(error as Error));
        },
      });
      if (!taker.waitsIn) return;
      this.#waiting.add(taker);
      forgets = signals.map((signal) =>
        onAbort(signal, (reason) => {
          forget();
          taker.leave();
          this.#waiting.delete(taker);
          this.#abort(reason, reject);
        }),
      );
    });
  }

  /** The call or the task group that the loop is in was cancelled. */
  #abort(reason: unknown, reject: (reason: Error) => void): void {
    reject(reason as Error);
    this.#leave({ hasFailed: true, error: reason });
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
