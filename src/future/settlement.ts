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
  #status: "done" | "failed" | undefined;
  #outcome: unknown;
  /** One, or several: most promises have one. */
  #listeners: Listener | Set<Listener> | undefined;

  constructor(promise: PromiseLike<unknown>) {
    // A thenable that breaks the rules of promises is kept to them by `resolve`; a promise is taken as it is.
    Promise.resolve(promise).then(
      (value) => this.#settle("done", value),
      (error: unknown) => this.#settle("failed", error),
    );
  }

  get outcome(): Settled<unknown> | undefined {
    if (this.#status === "done") return { status: "done", value: this.#outcome };
    return this.#status && { status: "failed", error: this.#outcome };
  }

  listen(listener: Listener): void {
    if (this.#status) listener();
    else if (this.#listeners === undefined) this.#listeners = listener;
    else if (this.#listeners instanceof Set) this.#listeners.add(listener);
    else this.#listeners = new Set([this.#listeners, listener]);
  }

  unlisten(listener: Listener): void {
    if (this.#listeners === listener) this.#listeners = undefined;
    else if (this.#listeners instanceof Set) this.#listeners.delete(listener);
  }

  #settle(status: "done" | "failed", outcome: unknown): void {
    this.#status = status;
    this.#outcome = outcome;
    const listeners = this.#listeners;
    if (listeners instanceof Set) for (const listener of listeners) listener();
    else listeners?.();
    this.#listeners = undefined;
  }
}

/** The promise is what is constructed, and so gets the private field of the class below. */
const Given = function (this: object, promise: object): object {
  return promise;
} as unknown as new (promise: object) => object;

/**
 * Keeps the watch of a promise in the promise, in a private field, which nobody sees. A `WeakMap` would do the same, but
 * costs the garbage collector more than all the rest of a wait for a hundred thousand promises.
 */
class Watched extends Given {
  #watch: PromiseWatch | undefined;

  static of(promise: PromiseLike<unknown>): PromiseWatch {
    if (!(#watch in promise)) {
      const watched = new Watched(promise);
      watched.#watch = new PromiseWatch(promise);
    }
    return (promise as unknown as Watched).#watch!;
  }
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
  return isThenable(item) ? Watched.of(item).outcome : { status: "done", value: item };
}

/**
 * Calls `listener` when the item settles, or now.
 *
 * @param isLooking - whether to listen counts as looking at the error of a future; for a promise it always does
 */
export function listen(item: unknown, listener: Listener, isLooking: boolean): void {
  if (item instanceof Future) (isLooking ? subscribe : attend)(item, listener);
  else if (isThenable(item)) Watched.of(item).listen(listener);
  else listener();
}

/** Forgets a listener. */
export function unlisten(item: unknown, listener: Listener): void {
  if (item instanceof Future) unsubscribe(item, listener);
  else if (isThenable(item)) Watched.of(item).unlisten(listener);
}

/** Sees to it that a promise may reject before anybody listens. */
export function anticipate(item: unknown): void {
  if (!(item instanceof Future) && isThenable(item)) Watched.of(item);
}
