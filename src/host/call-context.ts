/** What a method can learn about the call it serves, through `call()`. */
import { AsyncLocalStorage } from "node:async_hooks";
import { processWide } from "../config/process-wide.js";
import type { Grant, Limits } from "../limits/grant.js";
import { provideCaller } from "../limits/holdings.js";
import { hasScopes, runOutsideScopes } from "../scope/current-scope.js";

/** The call that the running code serves. */
export interface CallContext {
  /** Unique; the same in every attempt: usable as an idempotency key. */
  readonly id: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Fires when the call is cancelled, timed out, or its stream is no longer read. Pass it on to what you start. */
  readonly signal: AbortSignal;
  /** When the call times out, in ms since the epoch; `undefined` without a timeout. */
  readonly deadline: number | undefined;
  /** The limits of the pool: what a class that extends `Worker` has as `this.limits`. */
  readonly limits: Limits;
  /**
   * What this attempt took of the limits as the declared cost of its method; `undefined` where that has none.
   *
   * Tells which set it was granted from (`config`), settles what was really used (`update`), and speaks for that set alone
   * (`learn`, `pause`). The pool releases it when the worker lets go of the call: to release it in the method only gives back
   * earlier what can be given back, and tells an `AdaptiveLimit` how it went.
   */
  readonly grant: Grant | undefined;
  /** Tells the caller how far the call has come, in units of your choice. */
  progress(done: number, total?: number): void;
  /** Sends values to the pool's `log` listeners; without any they are printed with the worker's name. */
  log(...values: unknown[]): void;
}

/** What calls can do besides, for workers of the library itself. */
interface AbortableCall extends CallContext {
  abort(reason: unknown): void;
}

/** Fires the signal of a call from within. */
export function abortCall(context: CallContext, reason: unknown): void {
  (context as AbortableCall).abort(reason);
}

/** Runs one call at a time, and nothing else runs beside it. */
export interface ExclusiveHost {
  /** The call that it runs. */
  readonly current: CallContext | undefined;
}

interface Contexts {
  /** Follows a call through awaits, where several run at once. */
  readonly storage: AsyncLocalStorage<CallContext>;
  /** A host that runs one call at a time: to follow that through awaits would slow all of its promises. */
  exclusive: ExclusiveHost | undefined;
  /** The call whose first, synchronous part runs, of an instance that asks for it only there (`ASKS_AT_ONCE`). */
  beginning: CallContext | undefined;
}

const contexts = processWide<Contexts>("call-context", () => ({
  storage: new AsyncLocalStorage(),
  exclusive: undefined,
  beginning: undefined,
}));

/**
 * The current call: its id, attempt, signal and deadline, and the way to report progress and log.
 *
 * @throws {TypeError} outside a call
 * @example
 * async download(url: string): Promise<Uint8Array> {
 *   const response = await fetch(url, { signal: call().signal });
 *   return new Uint8Array(await response.arrayBuffer());
 * }
 */
export function call(): CallContext {
  const context = currentCall();
  if (!context) throw new TypeError("Cannot use call() as no call is running here: use it inside a method of a worker");
  return context;
}

/** The current call, where there is one. */
function currentCall(): CallContext | undefined {
  return contexts.beginning ?? contexts.storage.getStore() ?? contexts.exclusive?.current;
}

provideCaller(currentCall);

/**
 * Set to true on an instance whose methods ask for `call()` before they wait for anything, and run nobody else's code: then
 * calls are not followed through awaits, which on Node 20 slows every promise of the thread.
 */
export const ASKS_AT_ONCE = Symbol.for("manyhands.asks-at-once");

/** Runs the first, synchronous part of a call so that `call()` finds it there. */
export function beginInCall<T>(context: CallContext, step: () => T): T {
  const outer = contexts.beginning;
  contexts.beginning = context;
  try {
    return runOutsideScopes(step);
  } finally {
    contexts.beginning = outer;
  }
}

/** Runs a step of a call so that `call()` finds it, in the step and in what it awaits. */
export function runInCall<T>(context: CallContext, step: () => T): T {
  // What the caller's scopes own is the call, and not what the worker makes of it: so it is in threads and processes.
  if (!hasScopes()) return contexts.storage.run(context, step);
  return runOutsideScopes(() => contexts.storage.run(context, step));
}

/** Says who knows the running call, where no other can run. */
export function setExclusiveHost(host: ExclusiveHost): void {
  contexts.exclusive = host;
}
