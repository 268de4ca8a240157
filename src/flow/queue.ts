import { staysHome } from "../config/homebound.js";
import { bindWhenRead } from "../config/bind-when-read.js";
import { show } from "../config/show.js";
import { abortSignal } from "../config/abort-signal.js";
import { checkFields } from "../config/check-fields.js";
import { CancelledError, QueueClosedError } from "../errors.js";
import type { Future } from "../future/future.js";
import { atLeast } from "../pool/options.js";
import { type ConsumeFunction, Consumption } from "./queue-consumption.js";
import { QueueCore } from "./queue-core.js";
import { QueueIterator } from "./queue-iterator.js";
import { Lease } from "./queue-lease.js";
import { NOTHING } from "./queue-ring.js";
import { checkWait, type QueueWaitOptions, waitFor } from "./queue-wait.js";

/** Options of a {@link Queue}. */
export interface QueueOptions {
  /** How many items may be in it; `put` waits for room. @default Infinity */
  capacity?: number | undefined;
}

/** Options of {@link Queue.consume}. */
export interface ConsumeOptions {
  /** How many items are processed at once, at most. @default 1 */
  concurrency?: number | undefined;
  /** Stops the consumer, whose future rejects with its `reason`. */
  signal?: AbortSignal | undefined;
}

/**
 * Hands items from those who produce them to those who consume them, in order, each to one; with a `capacity`, it slows
 * the former down to the pace of the latter.
 *
 * Its end is told by `close()`, not by an item that means it. An item given to `consume` or to a `for await` loop is
 * processed when the function has ended, or when the loop asks for the next item or is left; one that `take` returned is
 * the taker's, and counts as processed; one that `lease` returned is processed when the lease is released. `join()` waits
 * until all items are. When the last consumer failed, or left before the end, whoever waits for room or for `join` gets
 * a `QueueAbandonedError` instead of waiting for ever, unless a consumer comes in the same turn of the event loop, or
 * some items are taken by hand. Consumers that put into the queue which they consume need one without a `capacity`: when
 * it is full and all of them wait for room, nobody is left to make any.
 *
 * Every operation takes constant time, but `abort`.
 *
 * @example
 * const queue = new Queue<string>({ capacity: 100 });
 * const consumer = queue.consume((path) => pool.hash(path), { concurrency: 8 });
 * for await (const path of walk(folder)) await queue.put(path);
 * queue.close();
 * await consumer;                        // all is processed, or the first error
 */
export class Queue<T> implements AsyncIterable<T> {
  readonly #core: QueueCore<T>;

  /** @throws {TypeError | RangeError} when `capacity` is neither a positive integer nor `Infinity` */
  constructor(options: QueueOptions = {}) {
    checkFields("options", options, ["capacity"]);
    const { capacity = Number.POSITIVE_INFINITY } = options;
    this.#core = new QueueCore(atLeast("capacity", capacity, 1));
  }

  /** How many items may be in it. */
  get capacity(): number {
    return this.#core.capacity;
  }

  /** How many items are in it; those being processed are not. */
  get size(): number {
    return this.#core.size;
  }

  /** How many items are in it or being processed. */
  get unfinished(): number {
    return this.#core.unfinished;
  }

  /** Whether nothing more can be put. */
  get isClosed(): boolean {
    return this.#core.isClosed;
  }

  /**
   * Puts an item, once there is room. Those who wait get in, in the order in which they came, also when the queue is
   * closed meanwhile.
   *
   * @throws {QueueClosedError} when the queue is closed already
   * @throws {QueueAbandonedError} when there is no room and the last consumer has left
   * @throws {TimeoutError} when there was no room within `timeout` ms: the item is not in it then
   * @throws the reason of `signal`, or the error of `abort`
   */
  async put(item: T, options?: QueueWaitOptions): Promise<void> {
    if (options) checkWait(options);
    const core = this.#core;
    if (core.tryPut(item)) return;
    await waitFor(options, "put into the queue as there was no room", (endings) => core.waitToPut(item, endings));
  }

  /**
   * Puts an item, if there is room.
   *
   * @returns whether there was
   * @throws {QueueClosedError} when the queue is closed
   * @throws the error of `abort`
   */
  tryPut(item: T): boolean {
    return this.#core.tryPut(item);
  }

  /**
   * Takes the next item, once there is one, for good: it counts as processed. To have `join` wait until it is, use
   * `lease`. An item that is a promise or a future is awaited.
   *
   * @throws {QueueClosedError} when the queue is closed and empty
   * @throws {TimeoutError} when there was none within `timeout` ms: none is lost by that, as one would be by `Promise.race`
   * @throws the reason of `signal`, or the error of `abort`
   */
  async take(options?: QueueWaitOptions): Promise<Awaited<T>> {
    return (await this.#takeByHand(options, (item) => {
      this.#core.finish();
      return item;
    })) as Awaited<T>;
  }

  /**
   * Takes the next item, if there is one, for good.
   *
   * @returns the item, or `undefined` when there is none
   * @throws the error of `abort`
   */
  tryTake(): T | undefined {
    const core = this.#core;
    core.takenByHand();
    const item = core.poll();
    if (item === NOTHING) return undefined;
    core.finish();
    return item;
  }

  /**
   * Takes the next item, once there is one, on terms: it counts as processed when the lease is released.
   *
   * @throws what `take` throws
   *
   * @example
   * using lease = await queue.lease();
   * await store(lease.value);              // released at the end of the block, also when this throws
   */
  lease(options?: QueueWaitOptions): Promise<Lease<T>> {
    return this.#takeByHand(options, (item) => new Lease(this.#core, item));
  }

  /** Takes items until the queue is closed and empty; each goes to one of the loops and other consumers. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new QueueIterator(this.#core);
  }

  /**
   * Runs a function for each item, until the queue is closed and empty. An item is processed when the function has ended,
   * in whatever way. The first failure stops the consumer, not the queue: it takes no more items, the signal of the other
   * runs fires, and when they have ended, the future fails with that error, or with an `AggregateError` of all.
   *
   * @returns a future of the number of items processed; `cancel` stops the consumer
   * @throws {TypeError | RangeError} when an option is not what it must be
   */
  consume(run: ConsumeFunction<T>, options: ConsumeOptions = {}): Future<number> {
    if (typeof run !== "function") {
      throw new TypeError(`Cannot consume the queue as that takes a function: current value is ${show(run)}`);
    }
    checkFields("options", options, ["concurrency", "signal"]);
    const concurrency = atLeast("concurrency", options.concurrency ?? 1, 1);
    const consumption = new Consumption(this.#core, run);
    consumption.start(concurrency, abortSignal("signal", options.signal));
    return consumption.future;
  }

  /**
   * Says that nothing more will be put. What was put comes out, that which waits for room included; then loops end, and
   * `take` throws. Closing again does nothing.
   */
  close(): void {
    this.#core.close();
  }

  /**
   * Drops what is in it, and ends everything: whoever waits, and whoever puts, takes or joins later, gets `error`. Runs of
   * `consume` are told by their signal.
   *
   * @param error - Default: a `CancelledError`
   */
  abort(error: unknown = new CancelledError("Cannot use the queue as it was aborted")): void {
    this.#core.abort(error);
  }

  /**
   * Waits until every item that was put is processed. It does not need to be closed for that.
   *
   * @throws {QueueAbandonedError} when that cannot happen, as the last consumer failed (`cause`) or left before the end
   * @throws {TimeoutError} when it did not happen within `timeout` ms
   * @throws the reason of `signal`, or the error of `abort`
   */
  async join(options?: QueueWaitOptions): Promise<void> {
    if (options) checkWait(options);
    await waitFor(options, "join the queue as not all items were processed", (endings) =>
      this.#core.waitToJoin(endings),
    );
  }

  async #takeByHand<R>(options: QueueWaitOptions | undefined, receive: (item: T) => R): Promise<R> {
    if (options) checkWait(options);
    const core = this.#core;
    core.takenByHand();
    const item = core.poll();
    if (item !== NOTHING) return receive(item);
    return waitFor<R, T>(options, "take from the queue as nothing was put", ({ serve, fail }) =>
      core.waitToTake({
        serve: (value) => serve(receive(value)),
        end: () => fail(new QueueClosedError("Cannot take from the queue as it is closed and empty")),
        fail,
      }),
    );
  }

  static {
    staysHome(this);
    bindWhenRead(this, "put", "tryPut", "take", "tryTake", "lease", "consume", "close", "abort", "join");
  }
}
