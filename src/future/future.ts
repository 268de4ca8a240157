/**
 * The handle to a started call.
 *
 * Owns the outcome and who waits for it. Does not own the call: what runs, where, and how it is cancelled is the
 * `FutureSource`'s.
 *
 * States: pending (`queued` or `running`, as the source says) → `done` | `failed` | `cancelled`, once.
 *
 * F1. Settled once; later attempts are ignored.
 * F2. Handlers given to `then` run in a microtask, as those of a promise do.
 * F3. A failure is observed when anything asked for the outcome; one never observed is reported once (`unobserved.ts`).
 */
import { inspect } from "node:util";
import { duration } from "../config/duration.js";
import { TimeoutError } from "../errors.js";
import type { WorkerIdentity } from "../wire/protocol.js";
import { forgetUnobserved, trackUnobserved } from "./unobserved.js";

/** Where a call is: waiting, in a worker, or over. */
export type FutureStatus = "queued" | "running" | "done" | "failed" | "cancelled";

/** When a call was made and how long it waited and ran, in ms. */
export interface FutureTimings {
  /** When the call was made, in ms since the epoch. */
  readonly submittedAt: number;
  /** From the call to its start in a worker; `undefined` until known. */
  readonly waited: number | undefined;
  /** In the worker, measured there; `undefined` until known. */
  readonly ran: number | undefined;
}

/** How far a call says it has come, through `call().progress`. */
export interface Progress {
  readonly done: number;
  readonly total: number | undefined;
}

/** What a future asks of the call behind it. */
export interface FutureSource {
  readonly id: string;
  /** For messages, as in `Hasher.hash`. */
  readonly label: string;
  readonly isRunning: boolean;
  readonly worker: WorkerIdentity | undefined;
  readonly attempts: number;
  readonly timings: FutureTimings;
  readonly progress: Progress | undefined;
  /** Settles the future as cancelled; `reason` is what it rejects with. */
  cancel(reason: unknown): void;
  onProgress(listener: (progress: Progress) => void): void;
}

/** Options of {@link Future.result}. */
export interface ResultOptions {
  /** How long to wait, in ms; the call itself goes on. Default: for ever. */
  timeout?: number;
}

type Settled<T> =
  | { readonly status: "done"; readonly value: T }
  | { readonly status: "failed" | "cancelled"; readonly error: unknown };

function refuseCloning(): void {}

/** Told at once, or in a microtask. */
type Listener = ((future: never) => void) | Reaction<unknown>;

/** One `then`: what to call with the outcome, and the promise to settle with what comes of it. */
class Reaction<A> {
  readonly #future: Future<unknown>;
  readonly #onFulfilled: ((value: never) => A | PromiseLike<A>) | null | undefined;
  readonly #onRejected: ((error: unknown) => A | PromiseLike<A>) | null | undefined;
  readonly #resolve: (value: A | PromiseLike<A>) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    future: Future<unknown>,
    onFulfilled: ((value: never) => A | PromiseLike<A>) | null | undefined,
    onRejected: ((error: unknown) => A | PromiseLike<A>) | null | undefined,
    resolve: (value: A | PromiseLike<A>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#future = future;
    this.#onFulfilled = onFulfilled;
    this.#onRejected = onRejected;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  run(): void {
    const outcome = peek(this.#future)!;
    try {
      if (outcome.status === "done") {
        const { value } = outcome;
        this.#resolve(typeof this.#onFulfilled === "function" ? this.#onFulfilled(value as never) : (value as A));
      } else if (typeof this.#onRejected === "function") {
        this.#resolve(this.#onRejected(outcome.error));
      } else {
        this.#reject(outcome.error);
      }
    } catch (error) {
      this.#reject(error);
    }
  }
}

/** Reactions whose futures have settled: the replies of one message are many, and one microtask serves them all. */
let scheduled: Reaction<unknown>[] = [];

function schedule(reaction: Reaction<unknown>): void {
  if (scheduled.push(reaction) === 1) queueMicrotask(runScheduled);
}

function runScheduled(): void {
  const reactions = scheduled;
  scheduled = [];
  for (const reaction of reactions) reaction.run();
}

/** Settles a future; `false` when it was settled before (F1). For the owner of the call. */
export let settle: <T>(future: Future<T>, settled: Settled<T>) => boolean;

/** The outcome so far, without observing it. */
export let peek: <T>(future: Future<T>) => Settled<T> | undefined;

/** Calls `listener` synchronously when the future settles, or now; counts as looking at the outcome. */
export let subscribe: <T>(future: Future<T>, listener: (future: Future<T>) => void) => void;

/**
 * The handle to a started call: a `PromiseLike` that can also be cancelled, asked for its state, and passed, unawaited,
 * as an argument of another call.
 *
 * @example
 * const digest = pool.hash("a.bin");     // runs already
 * digest.status;                         // "queued" or "running"
 * await digest;                          // the result, or the worker's own error
 */
export class Future<T> implements PromiseLike<T> {
  /** A function, so that structured clone refuses a future instead of making an empty object of it. */
  protected readonly uncloneable = refuseCloning;
  readonly #source: FutureSource;
  #settled: Settled<T> | undefined;
  #promise: Promise<T> | undefined;
  /** One listener, or several: most futures have one. */
  #listeners: Listener | Listener[] | undefined;
  #isObserved = false;
  #unobservedToken: object | undefined;

  /** Futures are made by pools. */
  constructor(source: FutureSource) {
    this.#source = source;
  }

  /** Unique, and the same in every attempt of the call and inside the worker (`call().id`). */
  get id(): string {
    return this.#source.id;
  }

  get status(): FutureStatus {
    if (this.#settled) return this.#settled.status;
    return this.#source.isRunning ? "running" : "queued";
  }

  /** The worker that runs or ran the call; `undefined` while it waits in the pool. */
  get worker(): WorkerIdentity | undefined {
    return this.#source.worker;
  }

  /** How many times a worker began the call. */
  get attempts(): number {
    return this.#source.attempts;
  }

  get timings(): FutureTimings {
    return this.#source.timings;
  }

  /** What the call last said through `call().progress`. */
  get progress(): Progress | undefined {
    return this.#source.progress;
  }

  /** Calls `listener` whenever the call reports progress. */
  onProgress(listener: (progress: Progress) => void): this {
    this.#source.onProgress(listener);
    return this;
  }

  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#observe();
    return new Promise<A | B>((resolve, reject) => {
      const reaction = new Reaction(this, onFulfilled, onRejected, resolve, reject);
      if (this.#settled) schedule(reaction as Reaction<unknown>);
      else this.#listen(reaction as Reaction<unknown>);
    });
  }

  catch<B = never>(onRejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    if (typeof onFinally !== "function") return this.then(undefined);
    const run = async (): Promise<void> => onFinally();
    return this.then(
      async (value) => run().then(() => value),
      async (error: unknown) =>
        run().then(() => {
          throw error;
        }),
    );
  }

  /**
   * Cancels the call: one that waits is removed at once; in one that runs `call().signal` fires, and what happens to a
   * worker that does not let go is the pool's `abortStrategy`. The future rejects at once, with `reason` when given,
   * else with a `CancelledError`.
   *
   * @returns whether there was something to cancel
   */
  cancel(reason?: unknown): boolean {
    if (this.#settled) return false;
    this.#source.cancel(reason);
    return true;
  }

  /**
   * The result.
   * @throws {RangeError} when `timeout` is not a number of ms that a timer can take
   * @throws {TimeoutError} when it is not there after `timeout` ms; the call goes on
   */
  async result(options: ResultOptions = {}): Promise<T> {
    const { timeout } = options;
    if (timeout === undefined || this.#settled) return this.#asPromise();
    duration("timeout", timeout);
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `Cannot return the result of ${this.#source.label} as it did not arrive within ${timeout} ms`;
        reject(new TimeoutError(message, timeout));
      }, timeout);
    });
    try {
      return await Promise.race([this.#asPromise(), expiry]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The error the call failed with, or `undefined` when it succeeded. Waits; never rejects. */
  async exception(): Promise<unknown> {
    try {
      await this.#asPromise();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Calls `listener` once the future is settled, in a microtask of its own. */
  onSettled(listener: (future: Future<T>) => void): this {
    const run = (): void => queueMicrotask(() => listener(this));
    subscribe(this, run);
    return this;
  }

  get [Symbol.toStringTag](): string {
    return "Future";
  }

  [inspect.custom](): string {
    return `Future { ${this.#source.label}, ${this.status} }`;
  }

  #asPromise(): Promise<T> {
    return (this.#promise ??= this.then(undefined));
  }

  #observe(): void {
    this.#isObserved = true;
    if (this.#unobservedToken) {
      forgetUnobserved(this.#unobservedToken);
      this.#unobservedToken = undefined;
    }
  }

  #listen(listener: Listener): void {
    if (this.#listeners === undefined) this.#listeners = listener;
    else if (Array.isArray(this.#listeners)) this.#listeners.push(listener);
    else this.#listeners = [this.#listeners, listener];
  }

  #settle(settled: Settled<T>): void {
    this.#settled = settled;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners === undefined) {
      if (settled.status === "failed" && !this.#isObserved) {
        this.#unobservedToken = trackUnobserved(this, `${this.#source.label} (${this.id})`, settled.error);
      }
    } else if (Array.isArray(listeners)) {
      for (const listener of listeners) this.#tell(listener);
    } else {
      this.#tell(listeners);
    }
  }

  #tell(listener: Listener): void {
    if (typeof listener === "function") (listener as (future: this) => void)(this);
    else schedule(listener);
  }

  static {
    settle = (future, settled) => {
      if (future.#settled) return false;
      future.#settle(settled);
      return true;
    };
    peek = (future) => future.#settled;
    subscribe = (future, listener) => {
      future.#observe();
      if (future.#settled) listener(future);
      else future.#listen(listener);
    };
  }
}
