/** The ends of a wait that did not get what it waited for: a timeout, a signal, or the end of the call it is part of. */
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import type { Clock } from "../config/monotonic.js";
import { onAbort } from "../config/on-abort.js";

/** How a request waits, where it must. */
export interface PermitOptions {
  /** How long to wait at most, in ms. Default: for ever. */
  readonly timeout?: number | undefined;
  /** Leaves the queue at once when it fires, at no cost; rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Goes before those of a lower one. One that waits gains a point each second, so that the lowest gets its turn too.
   *
   * @default 0
   */
  readonly priority?: number | undefined;
}

const PERMIT_OPTIONS: readonly (keyof PermitOptions)[] = ["timeout", "signal", "priority"];

/**
 * Checks options that say how to wait.
 *
 * @param others - the names of further options, which the caller checks
 * @throws {TypeError | RangeError} for one that is unknown or not valid
 * @throws the reason of the signal, when it has fired
 */
export function checkPermitOptions(path: string, options: PermitOptions, others: readonly string[] = []): void {
  checkFields(path, options, [...PERMIT_OPTIONS, ...others]);
  const { timeout, signal, priority } = options;
  if (timeout !== undefined) duration(`${path}.timeout`, timeout);
  if (priority !== undefined && !Number.isFinite(priority)) {
    throw new RangeError(
      `Cannot set '${path}.priority' as it must be a finite number: current value is ${show(priority)}`,
    );
  }
  if (signal === undefined) return;
  // Not by its class: there are others than that of this realm.
  if (typeof signal?.throwIfAborted !== "function") {
    throw new TypeError(`Cannot set '${path}.signal' as it must be an AbortSignal: current value is ${show(signal)}`);
  }
  signal.throwIfAborted();
}

/** Somebody who waits, and may give up. */
export interface Impatient {
  /** The error of a wait that took too long. */
  tooLate(timeout: number): Error;
  /** Leaves the queue, and only then rejects: what it was given in between would be lost. May come more than once. */
  giveUp(error: unknown): void;
}

/**
 * Lets somebody give up when the time is over or a signal fires, none of which has fired; the returned function forgets
 * that.
 */
export function onGiveUp(
  waiter: Impatient,
  clock: Clock,
  timeout: number | undefined,
  ...signals: readonly (AbortSignal | undefined)[]
): (() => void) | undefined {
  let forget: (() => void) | undefined;
  if (timeout !== undefined) forget = clock.after(timeout, () => waiter.giveUp(waiter.tooLate(timeout)));
  for (const signal of signals) {
    if (!signal) continue;
    const forgetSignal = onAbort(signal, (reason) => waiter.giveUp(reason));
    forget = forget ? both(forget, forgetSignal) : forgetSignal;
  }
  return forget;
}

function both(first: () => void, second: () => void): () => void {
  return () => {
    first();
    second();
  };
}
