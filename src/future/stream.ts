/**
 * The caller's end of a method that yields: an async iterator fed by a worker.
 *
 * Owns the items that arrived and were not taken, and the consumers that wait. The call behind it is opened by the first
 * `next()`, as a generator runs nothing before.
 *
 * S1. Items come out in the order they were yielded; the end, or the error, comes after all of them.
 * S2. At most `readAhead` items are on their way or unread; taking them lets the worker go on.
 * S3. `return()` (leaving a `for await` early) settles only when the method's `finally` has run in the worker.
 */
import { staysHome } from "../config/homebound.js";
import type { Future } from "./future.js";
import { peek, subscribe } from "./future.js";

/** What a stream needs of the call behind it. */
export interface StreamSource {
  readonly future: Future<unknown>;
  /** Tells the worker that `count` more items may come. */
  pull(count: number): void;
  /** Tells the worker that no more are wanted. */
  close(): void;
}

/** Where the items of a call go. */
export interface StreamSink {
  /** Items the worker may be ahead of the consumer. */
  readonly readAhead: number;
  /** Whether an item has come. */
  readonly hasBegun: boolean;
  push(items: unknown[]): void;
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** Default of `readAhead`, in items. */
export const DEFAULT_READ_AHEAD = 16;

/**
 * The items of an `async *` method, wherever it runs. Taken by one consumer; `break` stops the worker's generator.
 *
 * @example
 * for await (const line of pool.lines("big.log")) {
 *   if (line.includes("ERROR")) break;   // runs the generator's `finally` in the worker
 * }
 */
export class Stream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #open: (sink: StreamSink) => StreamSource;
  readonly #readAhead: number;
  #source: StreamSource | undefined;
  #items: T[] = [];
  /** The index of the first item not taken. */
  #next = 0;
  #taken = 0;
  #waiting: Waiting<T>[] = [];
  #isClosed = false;
  #closing: PromiseLike<unknown> | undefined;

  /** Streams are made by pools. */
  constructor(open: (sink: StreamSink) => StreamSource, readAhead = DEFAULT_READ_AHEAD) {
    this.#open = open;
    this.#readAhead = readAhead;
  }

  /** The call behind the stream, once the first item was asked for. */
  get future(): Future<unknown> | undefined {
    return this.#source?.future;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isClosed) this.#start();
    if (this.#next < this.#items.length) return { value: this.#take(), done: false };
    const outcome = this.#source && peek(this.#source.future);
    if (this.#isClosed || outcome?.status === "done") {
      this.#isClosed = true;
      return { value: undefined, done: true };
    }
    if (outcome) {
      this.#isClosed = true;
      throw outcome.error;
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Ends the stream; settles when the method's `finally` has run. An error thrown there is thrown here. */
  async return(): Promise<IteratorResult<T, undefined>> {
    const source = this.#source;
    const wasClosed = this.#isClosed;
    this.#isClosed = true;
    this.#items = [];
    this.#next = 0;
    for (const waiting of this.#waiting.splice(0)) waiting.resolve({ value: undefined, done: true });
    if (source && !wasClosed) {
      if (!peek(source.future)) source.close();
      this.#closing = source.future;
    }
    await this.#closing;
    return { value: undefined, done: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Cancels the call: the stream throws `reason`, or a `CancelledError`. */
  cancel(reason?: unknown): void {
    if (!this.#isClosed) this.#start();
    this.#source?.future.cancel(reason);
  }

  #start(): void {
    if (this.#source) return;
    this.#source = this.#open(this.#sink());
    subscribe(this.#source.future, () => this.#ended());
  }

  #sink(): StreamSink {
    const sink = {
      readAhead: this.#readAhead,
      hasBegun: false,
      push: (items: unknown[]): void => {
        sink.hasBegun = true;
        this.#push(items as T[]);
      },
    };
    return sink;
  }

  #push(items: T[]): void {
    if (this.#isClosed) return;
    if (this.#next === this.#items.length) {
      this.#items = items;
      this.#next = 0;
    } else {
      this.#items.push(...items);
    }
    while (this.#waiting.length > 0 && this.#next < this.#items.length) {
      this.#waiting.shift()!.resolve({ value: this.#take(), done: false });
    }
  }

  #take(): T {
    const item = this.#items[this.#next]!;
    this.#items[this.#next] = undefined as T;
    this.#next += 1;
    this.#taken += 1;
    // Half a window at a time: one message for many items, and the worker never runs dry.
    if (this.#taken * 2 >= this.#readAhead) {
      if (!peek(this.#source!.future)) this.#source!.pull(this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  #ended(): void {
    const outcome = peek(this.#source!.future)!;
    for (const [index, waiting] of this.#waiting.splice(0).entries()) {
      if (outcome.status === "done" || index > 0) waiting.resolve({ value: undefined, done: true });
      else waiting.reject(outcome.error);
      this.#isClosed = true;
    }
  }

  static {
    staysHome(this);
  }
}
