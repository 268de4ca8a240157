/** What a task that was left to the nodes of a broker looks like to those who wait for it. */
import type { BrokerOptions } from "../config/broker.js";
import type { RetryOptions } from "../retry/options.js";
import type { Leaf } from "./arg.js";
import type { Future, Progress } from "./future.js";

/**
 * Where a delayed task stands:
 * - `"waiting"`: for a node that has room, or for results among its arguments
 * - `"delayed"`: its `countdown` has not passed
 * - `"started"`: a node runs it
 * - `"retrying"`: it failed, and waits to be run again
 * - `"succeeded"`, `"failed"`: it has ended, and its result is kept
 * - `"revoked"`: nobody wants it any more
 * - `"expired"`: no node started it in time
 * - `"unknown"`: there is no such task, or its result is kept no longer
 */
export type TaskState =
  | "waiting"
  | "delayed"
  | "started"
  | "retrying"
  | "succeeded"
  | "failed"
  | "revoked"
  | "expired"
  | "unknown";

/**
 * A task that was left to the nodes of a broker: Celery's `AsyncResult`.
 *
 * It is no promise: to have it, and to pass it to another task, is not to wait for it.
 */
export interface AsyncResult<T> {
  /** By which `asyncResult(id)` finds it, in any process, for as long as it is kept. */
  readonly id: string;
  /**
   * Waits for the result.
   *
   * @param options - `timeout`: how long, in ms, default: as long as it takes; the task goes on all the same. `signal`: ends
   *   the wait
   * @throws what the task threw
   * @throws {TimeoutError} when the task took longer than `timeout`, or was not started before it expired
   * @throws {CancelledError} when it was revoked
   * @throws {WorkerCrashedError} when its node or thread died, and it is not to be run again
   * @throws {UnknownResultError} when there is no such task, or its result is kept no longer
   * @throws {BrokerUnavailableError} when the broker was away for longer than `brokerTimeout`
   */
  get(options?: { readonly timeout?: number | undefined; readonly signal?: AbortSignal | undefined }): Promise<T>;
  /** Where it stands now. */
  state(): Promise<TaskState>;
  /** What it last said through `call().progress`, where it did. */
  progress(): Promise<Progress | undefined>;
  /**
   * Sees to it that it is not run, or not run again; if it runs, its signal fires.
   *
   * @param options - `terminate`: whether a task that runs and does not let go within a second is ended with its thread.
   *   Default: false
   */
  revoke(options?: { readonly terminate?: boolean | undefined }): Promise<void>;
  /** Drops its result, now or when it has ended. */
  forget(): Promise<void>;
}

/** A retry of a delayed task as its caller may ask for: what can be written down. */
export type DelayedRetry = Pick<RetryOptions, "retries" | "wait" | "maxWait" | "jitter"> & {
  readonly backoff?: "exponential" | "linear" | "fibonacci" | undefined;
};

/** Options of `task.delay`: of all calls in the definition of the task (`delayed`), of one through `task.delayWith`. */
export interface DelayOptions {
  /**
   * The broker: a URL, or options of it. Default: that of the pools of the task, else the environment variable `MANYHANDS_BROKER`, else `REDIS_URL`, else
   * `redis://127.0.0.1:6379`.
   */
  readonly broker?: string | BrokerOptions | undefined;
  /** Which nodes run it: those that were started with this queue. Default: `"default"`. */
  readonly queue?: string | undefined;
  /** Higher goes first, from -1,000 to 1,000. Default: 0. */
  readonly priority?: number | undefined;
  /** How long it is held back, in ms. Default: 0. */
  readonly countdown?: number | undefined;
  /** How long after `delay`, in ms, it may be started; later it is dropped. Default: whenever. */
  readonly expires?: number | undefined;
  /** How long its result is kept after it has ended, in ms, up to 7 days. Default: one hour. */
  readonly resultTtl?: number | undefined;
  /** Makes it again when it fails. Default: what `retry` of the task says. */
  readonly retry?: DelayedRetry | undefined;
  /**
   * What becomes of it when its node or thread dies: `"at-least-once"`, the default, runs it again; `"at-most-once"` fails
   * with a `WorkerCrashedError`.
   */
  readonly delivery?: "at-least-once" | "at-most-once" | undefined;
  /** Bytes that its arguments may take, about, and its result. Default: 16 MiB. */
  readonly maxSize?: number | undefined;
}

/** Options of one delayed call. */
export interface DelayCallOptions extends DelayOptions {
  /** Its id, by which it is run once however often it is sent: letters, digits, `_`, `-`, `.`. Default: a random one. */
  readonly id?: string | undefined;
}

/** What may be passed for a parameter of type `T`: the value, a future of it, or the result of another delayed task. */
export type DelayedArg<T> = 0 extends 1 & T ? T : AsyncResult<T> | Future<T> | Nested<T>;

type Nested<T> = T extends Leaf
  ? T
  : T extends ReadonlyMap<infer K, infer V>
    ? T | Map<DelayedArg<K>, DelayedArg<V>>
    : T extends ReadonlySet<infer E>
      ? T | Set<DelayedArg<E>>
      : T extends object
        ? { [K in keyof T]: DelayedArg<T[K]> }
        : T;

/** The parameters of a task as `delay` takes them. */
export type DelayedArgs<P extends readonly unknown[]> = { [I in keyof P]: DelayedArg<P[I]> };
