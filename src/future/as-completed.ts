/**
 * The outcomes of several futures, in the order in which they settle.
 *
 * Owns the outcomes that were not taken, and the consumers that wait. The futures are listened to from the first `next()` on.
 *
 * A1. Each future comes out once, in the order in which it settled; those that had settled before in the order given.
 * A2. Left early, it has no listener and no timer left; the futures go on.
 * A3. `next()` may be called many times at once: each call gets an outcome of its own.
 */
import { anticipate, type Settled } from "./settlement.js";
import { itemsOf, refuseMore } from "./items.js";
import { Watch, WATCH_OPTIONS, type WatchOptions } from "./watch.js";

/** Options of {@link asCompleted}. */
export type AsCompletedOptions = WatchOptions;

interface CompletedBase<F> {
  /** Its place among those given. */
  readonly index: number;
  /** The future itself, or the promise or plain value: awaiting it returns its result, or throws its error. */
  readonly future: F;
}

/** A future that has settled, as {@link asCompleted} yields it; `status` tells which of `value` and `error` it has. */
export type Completed<F> =
  | (CompletedBase<F> & { readonly status: "done"; readonly value: Awaited<F>; readonly error: undefined })
  | (CompletedBase<F> & {
      readonly status: "failed" | "cancelled";
      readonly value: undefined;
      readonly error: unknown;
    });

interface Consumer<F> {
  resolve(result: IteratorResult<Completed<F>, undefined>): void;
  reject(error: unknown): void;
}

/** The iterator that {@link asCompleted} returns. */
export type AsCompleted<F> = AsyncIterableIterator<Completed<F>, undefined>;

class Completions<F> implements AsCompleted<F> {
  readonly #items: readonly F[];
  readonly #watch: Watch;
  readonly #ready: (Completed<F> | undefined)[] = [];
  /** How many were taken: the place of the next in `#ready`. */
  #taken = 0;
  /** From `#served` on, those that wait. */
  #consumers: Consumer<F>[] = [];
  #served = 0;
  #state: "idle" | "open" | "closed" = "idle";
  /** What ended it, until somebody is told. */
  #failure: { readonly error: unknown } | undefined;

  constructor(items: readonly F[], options: AsCompletedOptions) {
    this.#items = items;
    this.#watch = new Watch(items, options, WATCH_OPTIONS, {
      verb: "yield",
      settled: (index, outcome) => this.#add(index, outcome),
      ended: (error, why) => {
        // After an abort nothing comes out any more; after the time, what is there does.
        if (why === "abort") this.#taken = this.#ready.length;
        this.#fail(error);
      },
    });
    for (const item of items) anticipate(item);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Completed<F>, undefined>> {
    if (this.#state === "idle") {
      this.#state = "open";
      this.#watch.open(true);
    }
    const ready = this.#state === "open" ? this.#ready[this.#taken] : undefined;
    if (ready) {
      // Its result may be large.
      this.#ready[this.#taken] = undefined;
      this.#taken += 1;
      return Promise.resolve({ value: ready, done: false });
    }
    if (this.#failure) {
      const { error } = this.#failure;
      this.#finish();
      return Promise.reject(error as Error);
    }
    const waiting = this.#consumers.length - this.#served;
    if (this.#state === "closed" || this.#taken + waiting >= this.#items.length) return this.#over();
    return new Promise((resolve, reject) => this.#consumers.push({ resolve, reject }));
  }

  /** Ends it (A2). */
  return(): Promise<IteratorResult<Completed<F>, undefined>> {
    this.#finish();
    return this.#over();
  }

  #over(): Promise<IteratorResult<Completed<F>, undefined>> {
    return Promise.resolve({ value: undefined, done: true });
  }

  #add(index: number, outcome: Settled<unknown>): void {
    const future = this.#items[index]!;
    const completed: Completed<F> =
      outcome.status === "done"
        ? { index, future, status: "done", value: outcome.value as Awaited<F>, error: undefined }
        : { index, future, status: outcome.status, value: undefined, error: outcome.error };
    const consumer = this.#nextConsumer();
    if (!consumer) {
      this.#ready.push(completed);
      return;
    }
    // Whoever waits has taken all there was before.
    this.#ready.push(undefined);
    this.#taken += 1;
    consumer.resolve({ value: completed, done: false });
  }

  #fail(error: unknown): void {
    const consumer = this.#nextConsumer();
    if (!consumer) {
      this.#failure = { error };
      return;
    }
    consumer.reject(error);
    this.#finish();
  }

  #finish(): void {
    this.#state = "closed";
    this.#failure = undefined;
    this.#watch.close();
    this.#ready.length = 0;
    for (let consumer = this.#nextConsumer(); consumer; consumer = this.#nextConsumer()) {
      consumer.resolve({ value: undefined, done: true });
    }
  }

  #nextConsumer(): Consumer<F> | undefined {
    const consumer = this.#consumers[this.#served];
    if (!consumer) return undefined;
    this.#served += 1;
    if (this.#served === this.#consumers.length) {
      this.#consumers = [];
      this.#served = 0;
    }
    return consumer;
  }
}

/**
 * Yields the outcome of each future as it settles, the fastest first, whatever its place among them.
 *
 * A failure does not end it: it comes out like the others, with its `status` and `error`; a loop that is to end with the
 * first failure awaits the `future`, which has settled by then. The time counts from the first `next()` on. Leaving the loop early
 * leaves the futures alone: they go on, and their errors are nobody's business any more. The whole takes time linear in
 * the number of futures.
 *
 * @throws {TypeError | RangeError} at once, for futures or options that are not what they must be
 * @throws {TimeoutError} from `next()`, when not all have settled after `timeout` ms; it says how many have
 * @throws the reason of `signal` from `next()` when it fires
 *
 * @example
 * for await (const { index, status, value, error } of asCompleted(futures)) {
 *   if (status === "done") console.log(paths[index], value);
 *   else console.error(paths[index], error);
 * }
 * for await (const { future } of asCompleted(futures)) total += await future;   // throws the first error
 */
export function asCompleted<F>(futures: Iterable<F>, options: AsCompletedOptions = {}): AsCompleted<F> {
  refuseMore("yield", options);
  return new Completions(itemsOf("yield", futures) as readonly F[], options);
}
