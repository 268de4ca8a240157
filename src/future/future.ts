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
 * F4. A listener that is told and so settles another future returns before that one's listeners are told: a long chain of
 *     calls in one event loop does not grow the stack.
 */
import { inspect } from "node:util";
import { bindWhenRead } from "../config/bind-when-read.js";
import { callSafely } from "../config/call-safely.js";
import { checkFields } from "../config/check-fields.js";
import { checkFunction } from "../config/check-function.js";
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

/** The outcome of a future. */
export type Settled<T> =
  | { readonly status: "done"; readonly value: T }
  | { readonly status: "failed" | "cancelled"; readonly error: unknown };

type Ending = Settled<unknown>["status"];

/**
 * The platform's promise, typed as a mere object: that a future is one is what makes awaiting it cheap, but callers may
 * leave a future alone as they may not leave a promise (F3), so its type does not say so.
 */
const NativePromise = Promise as unknown as new (executor: (resolve: Resolve) => void) => object;

type Resolve = (value: unknown) => void;

let lastResolve: Resolve | undefined;

/** One for all futures, as a promise calls it at once. */
function takeResolve(resolve: Resolve): void {
  lastResolve = resolve;
}

/**
 * What rejects a promise that is resolved with it, at once: reading `then` throws. So a future need not keep the function
 * that rejects, which it would hardly ever use and which is as large as the future itself.
 */
class Refusal {
  readonly #error: unknown;

  constructor(error: unknown) {
    this.#error = error;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- that is its purpose
  get then(): never {
    throw this.#error;
  }
}

/** A failure that nobody has looked at: the promise is pending until somebody does (F3). */
interface Unseen {
  readonly resolve: Resolve;
  /** By which it is reported, unless it was cancelled. */
  readonly token: object | undefined;
}

function ignore(): void {}

type Listener = (future: never) => void;

/** Settled futures whose listeners are still to be told. */
const untold: Future<unknown>[] = [];
let isTelling = false;
let tell: (future: Future<unknown>) => void;

/** Tells them in order, those of futures that settle meanwhile as well (F4). */
function tellAll(): void {
  if (isTelling) return;
  isTelling = true;
  for (const future of untold) tell(future);
  untold.length = 0;
  isTelling = false;
}

/** Settles a future with its value or error; `false` when it was settled before (F1). For the owner of the call. */
export let settle: (future: Future<unknown>, status: Ending, outcome: unknown) => boolean;

/** The outcome so far, without observing it. */
export let peek: <T>(future: Future<T>) => Settled<T> | undefined;

/** Calls `listener` when the future settles, in the same turn (F4), or now; counts as looking at the outcome. */
export let subscribe: <T>(future: Future<T>, listener: (future: Future<T>) => void) => void;

/** As `subscribe`, but does not count as looking at the outcome: what a failure is, is still to be asked. */
export let attend: <T>(future: Future<T>, listener: (future: Future<T>) => void) => void;

/** Forgets a listener given to `subscribe` or `attend`, in constant time: one future may outlive many who wait for it. */
export let unsubscribe: <T>(future: Future<T>, listener: (future: Future<T>) => void) => void;

/**
 * The handle to a started call: a `PromiseLike` that can also be cancelled, asked for its state, and passed, unawaited,
 * as an argument of another call.
 *
 * @example
 * const digest = pool.hash("a.bin");     // runs already
 * digest.status;                         // "queued" or "running"
 * await digest;                          // the result, or the worker's own error
 */
export class Future<T> extends NativePromise implements PromiseLike<T> {
  declare readonly then: Promise<T>["then"];
  declare readonly catch: Promise<T>["catch"];
  declare readonly finally: Promise<T>["finally"];
  // As few fields as can be, as a million futures may wait: a private method would cost each of them one more.
  readonly #source: FutureSource;
  #ending: Ending | undefined;
  /** While it is pending, the function that resolves the promise. */
  #outcome: unknown;
  /** One listener, or several, each once: most futures have none. */
  #listeners: Listener | Set<Listener> | undefined;
  /** Whether somebody asked for the outcome, or what is to be done when somebody does. */
  #observed: boolean | Unseen = false;

  /** Futures are made by pools. */
  constructor(source: FutureSource) {
    super(takeResolve);
    this.#outcome = lastResolve;
    // It would keep the last future from being collected.
    lastResolve = undefined;
    this.#source = source;
  }

  /** Unique, and the same in every attempt of the call and inside the worker (`call().id`). */
  get id(): string {
    return this.#source.id;
  }

  get status(): FutureStatus {
    if (this.#ending) return this.#ending;
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

  /**
   * Calls `listener` whenever the call reports progress. Of the reports made before, which in modes `sync` and `async` may be
   * made while the method is called, it is told the last one: in a microtask, and before any that follows.
   * @throws {TypeError} when it is no function
   */
  onProgress(listener: (progress: Progress) => void): this {
    checkFunction("listener", listener);
    const missed = this.#source.progress;
    this.#source.onProgress(missed === undefined ? listener : Future.#catchUp(missed, listener));
    return this;
  }

  /**
   * Cancels the call: one that waits is removed at once; in one that runs `call().signal` fires, and what happens to a
   * worker that does not let go is the pool's `abortStrategy`. The future rejects at once, with `reason` when given,
   * else with a `CancelledError`.
   *
   * @returns whether there was something to cancel
   */
  cancel(reason?: unknown): boolean {
    if (this.#ending) return false;
    this.#source.cancel(reason);
    return true;
  }

  /**
   * The result.
   * @throws {TypeError | RangeError} as a rejection, when `timeout` is not a number of ms that a timer can take
   * @throws {TimeoutError} when it is not there after `timeout` ms; the call goes on
   */
  async result(options: ResultOptions = {}): Promise<T> {
    checkFields("result", options, ["timeout"]);
    const { timeout } = options;
    if (timeout !== undefined) duration("timeout", timeout);
    if (timeout === undefined || this.#ending) return this as PromiseLike<T>;
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `Cannot return the result of ${this.#source.label} as it did not arrive within ${timeout} ms`;
        reject(new TimeoutError(message, timeout));
      }, timeout);
    });
    try {
      return await Promise.race([this, expiry]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The error the call failed with, or `undefined` when it succeeded. Waits; never rejects. */
  async exception(): Promise<unknown> {
    try {
      await this;
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /**
   * Calls `listener` once the future is settled, in a microtask of its own.
   * @throws {TypeError} when it is no function
   */
  onSettled(listener: (future: Future<T>) => void): this {
    checkFunction("listener", listener);
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

  /** Somebody asks for the outcome (F3): from now on the promise itself may reject. */
  static #observe(future: Future<unknown>): void {
    const before = future.#observed;
    if (before === true) return;
    future.#observed = true;
    if (before === false) return;
    if (before.token) forgetUnobserved(before.token);
    Future.#reject(future, before.resolve);
  }

  static #reject(future: Future<unknown>, resolve: Resolve): void {
    // Who asked may have looked in passing only: what they made of it tells of itself when it is left unhandled.
    void Promise.prototype.then.call(future, undefined, ignore);
    resolve(new Refusal(future.#outcome));
  }

  /** The listener, which is told soon what it missed, and at the latest before it is told anything else. */
  static #catchUp(missed: Progress, listener: (progress: Progress) => void): (progress: Progress) => void {
    let isMissing = true;
    const catchUp = (): void => {
      if (!isMissing) return;
      isMissing = false;
      callSafely(listener, missed);
    };
    queueMicrotask(catchUp);
    return (progress) => {
      catchUp();
      listener(progress);
    };
  }

  static #listen(future: Future<unknown>, listener: Listener): void {
    if (future.#listeners === undefined) future.#listeners = listener;
    else if (future.#listeners instanceof Set) future.#listeners.add(listener);
    else future.#listeners = new Set([future.#listeners, listener]);
  }

  static #unlisten(future: Future<unknown>, listener: Listener): void {
    if (future.#listeners === listener) future.#listeners = undefined;
    else if (future.#listeners instanceof Set) future.#listeners.delete(listener);
  }

  static #settle(future: Future<unknown>, ending: Ending, outcome: unknown): void {
    const resolve = future.#outcome as Resolve;
    future.#ending = ending;
    future.#outcome = outcome;
    if (ending === "done") resolve(outcome);
    else if (future.#observed === true) Future.#reject(future, resolve);
    else future.#observed = { resolve, token: Future.#track(future, ending) };
    if (future.#listeners === undefined) return;
    untold.push(future as Future<unknown>);
    tellAll();
  }

  /** Sees to it that a failure is reported in the end, if nobody looks; whoever cancels a call knows. */
  static #track(future: Future<unknown>, ending: Ending): object | undefined {
    if (ending === "cancelled") return undefined;
    return trackUnobserved(future, `${future.#source.label} (${future.#source.id})`, future.#outcome);
  }

  static #tell(future: Future<unknown>): void {
    const listeners = future.#listeners;
    // One that is told may have others leave.
    if (listeners instanceof Set) for (const listener of listeners) callSafely(listener, future as never);
    else if (listeners) callSafely(listeners, future as never);
    future.#listeners = undefined;
  }

  static #peek<T>(future: Future<T>): Settled<T> | undefined {
    if (future.#ending === undefined) return undefined;
    if (future.#ending === "done") return { status: "done", value: future.#outcome as T };
    return { status: future.#ending, error: future.#outcome };
  }

  static {
    settle = (future, ending, outcome) => {
      if (future.#ending) return false;
      Future.#settle(future, ending, outcome);
      return true;
    };
    peek = (future) => Future.#peek(future);
    tell = (future) => Future.#tell(future);
    attend = (future, listener) => {
      if (future.#ending) listener(future);
      else Future.#listen(future, listener);
    };
    subscribe = (future, listener) => {
      Future.#observe(future);
      attend(future, listener);
    };
    unsubscribe = (future, listener) => Future.#unlisten(future, listener);
    // `await`, `then`, `catch`, `finally`, `Promise.all` and their kin all read `constructor` first: they see `Promise`, so
    // that `await` takes the future itself for its promise and `then` returns a plain one; and the future sees them (F3).
    Object.defineProperty(this.prototype, "constructor", {
      configurable: true,
      get(this: object) {
        if (#observed in this) Future.#observe(this);
        return Promise;
      },
    });
    bindWhenRead(this as { prototype: Future<unknown> }, "cancel", "result", "exception", "onProgress", "onSettled");
  }
}
