/** What a method can learn about the call it serves, through `call()`. */
import { AsyncLocalStorage } from "node:async_hooks";
import { processWide } from "../config/process-wide.js";
import type { Grant, Limits } from "../limits/grant.js";
import { isCallerAsked, provideCaller } from "../limits/holdings.js";
import { runOutsideScopes } from "../scope/current-scope.js";

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

/** Runs calls, and knows the one whose code runs now, where it runs one at a time or runs the first part of one. */
export interface CallHost {
  readonly current: CallContext | undefined;
}

interface Contexts {
  /** Follows a call through awaits, where several run at once. */
  readonly storage: AsyncLocalStorage<CallContext>;
  /** A host that runs one call at a time: to follow that through awaits would slow all of its promises. */
  exclusive: CallHost | undefined;
  /** The host of the call whose first, synchronous part runs. */
  beginning: CallHost | undefined;
  /** Whether a call of this thread has ever gone on after its first part: from then on all are followed. */
  isFollowing: boolean;
  /** The call that went on though nobody had expected it to (`wentOn`), for as long as it runs: there is one at most. */
  unexpected: CallContext | undefined;
}

const contexts = processWide<Contexts>("call-context", () => ({
  storage: new AsyncLocalStorage(),
  exclusive: undefined,
  beginning: undefined,
  isFollowing: false,
  unexpected: undefined,
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
  // The one that is not followed may be the one that asks, as nobody else is to.
  const context = followedCall() ?? contexts.unexpected;
  if (!context) throw new TypeError("Cannot use call() as no call is running here: use it inside a method of a worker");
  return context;
}

/**
 * The current call, where there is one and it is certain: code outside any call may ask for it as well, and must not be taken
 * for the one that is not followed.
 */
function followedCall(): CallContext | undefined {
  const { beginning, storage, exclusive } = contexts;
  return beginning?.current ?? storage.getStore() ?? exclusive?.current;
}

provideCaller(followedCall);

/**
 * Set to true on an instance whose methods ask for `call()` before they wait for anything, and run nobody else's code: then
 * calls are not followed through awaits, which on Node 20 slows every promise of the thread.
 */
export const ASKS_AT_ONCE = Symbol.for("manyhands.asks-at-once");

/** The first, synchronous part of a call of this host begins; returns what `endPart` needs when that part is over. */
export function beginPart(host: CallHost): CallHost | undefined {
  const outer = contexts.beginning;
  contexts.beginning = host;
  return outer;
}

export function endPart(outer: CallHost | undefined): void {
  contexts.beginning = outer;
}

/**
 * Whether calls are followed also where they are not expected to go on: where some are, or run alone in this thread, the others
 * would be taken for those that they are made by; and limits and groups, once there are any, have to know them.
 */
export function followsAll(): boolean {
  return contexts.isFollowing || contexts.exclusive !== undefined || isCallerAsked();
}

/** Runs the first part of a call so that it can be followed through awaits; `wentOn` or `endedAtOnce` is told what became of it. */
export function beginFollowed<T>(context: CallContext, step: () => T): T {
  return contexts.storage.run(context, step);
}

/** A call goes on after its first part; to be told while that still counts as running. */
export function wentOn(context: CallContext, isFollowed: boolean): void {
  contexts.isFollowing = true;
  if (!isFollowed) contexts.unexpected = context;
}

/** A call was over with its first part, for which it was followed: as long as none has gone on, promises were slowed only for that. */
export function endedAtOnce(): void {
  const { storage } = contexts;
  // A call around this one may go on yet.
  if (!contexts.isFollowing && storage.getStore() === undefined) storage.disable();
}

/** A call that went on is over. */
export function endedLater(context: CallContext): void {
  if (contexts.unexpected === context) contexts.unexpected = undefined;
}

/** Runs a step of a call so that `call()` finds it, in the step and in what it awaits. */
export function runInCall<T>(context: CallContext, step: () => T): T {
  contexts.isFollowing = true;
  const outer = beginPart({ current: context });
  try {
    // What the caller's scopes own is the call, and not what the worker makes of it: so it is in threads and processes.
    return runOutsideScopes(() => contexts.storage.run(context, step));
  } finally {
    endPart(outer);
  }
}

/** Says who knows the running call, where no other can run. */
export function setExclusiveHost(host: CallHost): void {
  contexts.exclusive = host;
}
