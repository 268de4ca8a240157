/**
 * Futures, promises and plain values alike: what became of one, and who is told of it.
 *
 * Owns one handler for each promise, however often somebody begins and ends to wait for it: a promise keeps every handler
 * it is given for as long as it is pending (the leak of `Promise.race`), so a handler of ours is given once and has
 * listeners that can leave. It is kept for as long as the promise is.
 */
import { attend, Future, peek, type Settled, subscribe, unsubscribe } from "./future.js";

export type { Settled };

/** Called once the outcome is known. */
export type Listener = () => void;

class PromiseWatch {
  outcome: Settled<unknown> | undefined;
  readonly listeners = new Set<Listener>();

  constructor(promise: PromiseLike<unknown>) {
    // A thenable that breaks the rules of promises is kept to them by `resolve`; a promise is taken as it is.
    Promise.resolve(promise).then(
      (value) => this.#settle({ status: "done", value }),
      (error: unknown) => this.#settle({ status: "failed", error }),
    );
  }

  listen(listener: Listener): void {
    if (this.outcome) listener();
    else this.listeners.add(listener);
  }

  #settle(outcome: Settled<unknown>): void {
    this.outcome = outcome;
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }
}

const watches = new WeakMap<object, PromiseWatch>();

function watchOf(promise: PromiseLike<unknown>): PromiseWatch {
  let watch = watches.get(promise);
  if (!watch) watches.set(promise, (watch = new PromiseWatch(promise)));
  return watch;
}

/** Whether a value is waited for, as `await` would. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

/**
 * What became of a future, a promise or a plain value; `undefined` as long as it is pending. That a promise has settled
 * is known in a later microtask, and only of one that is or was listened to.
 */
export function outcomeOf(item: unknown): Settled<unknown> | undefined {
  if (item instanceof Future) return peek(item);
  return isThenable(item) ? watchOf(item).outcome : { status: "done", value: item };
}

/**
 * Calls `listener` when the item settles, or now.
 *
 * @param isLooking - whether to listen counts as looking at the error of a future; for a promise it always does
 */
export function listen(item: unknown, listener: Listener, isLooking: boolean): void {
  if (item instanceof Future) (isLooking ? subscribe : attend)(item, listener);
  else if (isThenable(item)) watchOf(item).listen(listener);
  else listener();
}

/** Forgets a listener. */
export function unlisten(item: unknown, listener: Listener): void {
  if (item instanceof Future) unsubscribe(item, listener);
  else if (isThenable(item)) watches.get(item)?.listeners.delete(listener);
}

/** Sees to it that a promise may reject before anybody listens. */
export function anticipate(item: unknown): void {
  if (!(item instanceof Future) && isThenable(item)) watchOf(item);
}
