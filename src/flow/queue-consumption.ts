/**
 * A function that is run for each item of a queue, several at once: one consumer.
 *
 * Owns its lanes, each of which takes an item, runs the function, and takes the next; and the future that tells how it ended.
 *
 * States: running → stopping (a failure, a cancellation, an abort of the queue) → over; running → over (the end of the queue).
 *
 * N1. It is over, and the consumer gone, when every lane has ended: no run of the function outlives it.
 * N2. Stopping, it takes no more items, and the signal of the runs fires.
 * N3. Its future fails with the error of the first run that failed, or with all of them when there are several.
 */
import { callSafely } from "../config/call-safely.js";
import { onAbort } from "../config/on-abort.js";
import { sharedController } from "../config/shared-controller.js";
import { CancelledError } from "../errors.js";
import { Future, type FutureSource, type FutureTimings, type Progress, settle, subscribe } from "../future/future.js";
import { surroundingSignals } from "../scope/surrounding-signals.js";
import { Attendance } from "./queue-attendance.js";
import type { QueueCore, QueueWaiter } from "./queue-core.js";
import { NOTHING } from "./queue-ring.js";

/** What the function gets beside the item. */
export interface ConsumeContext {
  /** Fires when the consumer stops: it was cancelled, another run failed, or the queue was aborted. */
  readonly signal: AbortSignal;
}

/** Runs for each item; what it returns is awaited, and not kept. */
export type ConsumeFunction<T> = (item: T, context: ConsumeContext) => unknown;

let lastId = 0;

export class Consumption<T> implements FutureSource {
  readonly id = `queue:${(lastId += 1)}`;
  readonly label = "Queue.consume";
  readonly worker = undefined;
  readonly attempts = 1;
  readonly future: Future<number>;
  readonly #core: QueueCore<T>;
  readonly #run: ConsumeFunction<T>;
  readonly #attendance: Attendance;
  /** The lane that waits for an item: one is enough, as it opens the next when it has got one. */
  #waiting: QueueWaiter<T> | undefined;
  readonly #controller = sharedController();
  readonly #context: ConsumeContext = { signal: this.#controller.signal };
  readonly #errors = new Set<unknown>();
  readonly #listeners: ((progress: Progress) => void)[] = [];
  readonly #submittedAt = Date.now();
  readonly #begunAt = performance.now();
  readonly #forgets: (() => void)[] = [];
  #concurrency = 1;
  #ran: number | undefined;
  #lanes = 0;
  #done = 0;
  #isStopping = false;

  constructor(core: QueueCore<T>, run: ConsumeFunction<T>) {
    this.#core = core;
    this.#run = run;
    this.#attendance = new Attendance(core as QueueCore<never>);
    this.future = new Future<number>(this);
  }

  get isRunning(): boolean {
    return true;
  }

  get timings(): FutureTimings {
    return { submittedAt: this.#submittedAt, waited: 0, ran: this.#ran };
  }

  get progress(): Progress | undefined {
    return this.#done === 0 ? undefined : { done: this.#done, total: undefined };
  }

  onProgress(listener: (progress: Progress) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * @param concurrency - how many runs at once, at most
   * @param signal - one more that cancels it, beside those of the call and the task group it is started in
   */
  start(concurrency: number, signal: AbortSignal | undefined): void {
    this.#concurrency = concurrency;
    this.#attendance.enter();
    this.#forgets.push(this.#core.onAbort((error) => this.#stop(error)));
    const signals = signal ? [signal, ...surroundingSignals()] : surroundingSignals();
    for (const one of signals) this.#forgets.push(onAbort(one, (reason) => this.cancel(reason)));
    this.#openLane();
    for (const { aborted, reason } of signals) if (aborted) this.cancel(reason);
  }

  cancel(reason: unknown): void {
    const error = reason ?? new CancelledError("Cannot consume the queue any longer as the consumer was cancelled");
    settle(this.future, "cancelled", error);
    this.#stop(error);
  }

  #openLane(): void {
    this.#lanes += 1;
    queueMicrotask(() => void this.#lane());
  }

  /** There is a lane more than there are runs, as long as `concurrency` allows: it waits. */
  async #lane(): Promise<void> {
    while (!this.#isStopping) {
      let item = this.#core.poll();
      if (item === NOTHING) {
        if (this.#waiting) break;
        item = await this.#next();
        if (item === NOTHING) break;
      }
      if (!this.#waiting && this.#lanes < this.#concurrency) this.#openLane();
      try {
        await this.#run(item, this.#context);
      } catch (error) {
        this.#stop(error);
      }
      this.#core.finish();
      this.#count();
    }
    this.#lanes -= 1;
    if (this.#lanes === 0) this.#end();
  }

  #next(): Promise<T | typeof NOTHING> {
    return new Promise((resolve) => {
      const answer = (item: T | typeof NOTHING): void => {
        this.#waiting = undefined;
        resolve(item);
      };
      const taker = this.#core.waitToTake({
        serve: answer,
        end: () => answer(NOTHING),
        fail: (error) => {
          answer(NOTHING);
          this.#stop(error);
        },
      });
      if (taker.waitsIn) this.#waiting = taker;
    });
  }

  /** N2 */
  #stop(error: unknown): void {
    // What runs on may well end by what the signal told it, which is no error of its own.
    if (!this.#isStopping || !isAbortError(error)) this.#errors.add(error);
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#controller.abort(error);
    this.#waiting?.leave();
    this.#waiting?.endings.end!();
  }

  #count(): void {
    this.#done += 1;
    const progress = { done: this.#done, total: undefined };
    for (const listener of this.#listeners) callSafely(listener, progress);
  }

  /** N1 */
  #end(): void {
    for (const forget of this.#forgets) forget();
    this.#ran = performance.now() - this.#begunAt;
    if (!this.#isStopping) {
      this.#attendance.leave(undefined);
      settle(this.future, "done", this.#done);
      return;
    }
    const [first, ...others] = this.#errors;
    const error = others.length === 0 ? first : new AggregateError(this.#errors, "Cannot consume the queue any longer");
    settle(this.future, "failed", error);
    this.#attendance.leave({ hasFailed: true, error, passedOn: () => subscribe(this.future, ignore) });
  }
}

function isAbortError(error: unknown): boolean {
  return typeof error === "object" && error !== null && (error as { name?: unknown }).name === "AbortError";
}

function ignore(): void {}
