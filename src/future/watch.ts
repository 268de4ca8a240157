/**
 * Waits for many futures, promises and plain values at once.
 *
 * Owns the listeners, the timer, the listener for an abort and the progress bar of one wait. Does not own the futures: they
 * go on whatever becomes of the wait. What each outcome means is for its owner to say.
 *
 * States: idle → open → closed.
 *
 * G1. Each item is reported once, those that had settled before in the order of the items, the others as they settle.
 * G2. Closed, it has no listener, no timer and no bar left, and reports nothing more.
 * G3. The cost is linear in the number of items, also when it is closed early.
 */
import { abortSignal } from "../config/abort-signal.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import { onAbort } from "../config/on-abort.js";
import { TimeoutError } from "../errors.js";
import { finish } from "../progress/finish.js";
import { openProgress, type ProgressOption } from "../progress/open-progress.js";
import type { ProgressBar } from "../progress/progress-bar.js";
import { listen, type Listener, outcomeOf, type Settled, unlisten } from "./settlement.js";

/** Options of a wait for several futures. */
export interface WatchOptions {
  /** How long to wait for all that is waited for, in ms; the futures themselves go on. @default for ever */
  timeout?: number | undefined;
  /** Ends the wait with its `reason`; the futures themselves go on. */
  signal?: AbortSignal | undefined;
  /** Shows how many have settled, and how many of them failed, in a bar. @default false */
  progress?: ProgressOption | undefined;
}

/** Names of the fields of {@link WatchOptions}. */
export const WATCH_OPTIONS: readonly string[] = ["timeout", "signal", "progress"];

/** Who is told. */
export interface WatchOwner {
  /** The verb for messages, as in "Cannot gather …". */
  readonly verb: string;
  /** `index` has settled; `outcome` tells how. */
  settled(index: number, outcome: Settled<unknown>): void;
  /** The time is over, or the signal fired: the wait is closed. */
  ended(error: unknown, why: "timeout" | "abort"): void;
}

export class Watch {
  readonly #items: readonly unknown[];
  readonly #options: WatchOptions;
  readonly #owner: WatchOwner;
  /** By item; those of settled ones are gone. */
  readonly #listeners: (Listener | undefined)[] = [];
  #isClosed = false;
  #settled = 0;
  #timer: NodeJS.Timeout | undefined;
  #forgetSignal: (() => void) | undefined;
  readonly #bar: ProgressBar | undefined;

  /**
   * @param known - the names of all options that the caller takes
   * @throws {TypeError | RangeError} when an option is not what it must be
   */
  constructor(items: readonly unknown[], options: WatchOptions, known: readonly string[], owner: WatchOwner) {
    checkFields("options", options, known);
    if (options.timeout !== undefined) duration("timeout", options.timeout);
    abortSignal("signal", options.signal);
    this.#items = items;
    this.#options = options;
    this.#owner = owner;
    if (options.progress !== undefined) this.#bar = openProgress(options.progress, { total: items.length });
  }

  /** How many have been reported. */
  get settled(): number {
    return this.#settled;
  }

  /** @param isLooking - whether the owner looks at the errors of those that fail */
  open(isLooking: boolean): void {
    const { timeout, signal } = this.#options;
    if (signal?.aborted) {
      this.#end(signal.reason, "abort");
      return;
    }
    for (const [index, item] of this.#items.entries()) {
      const listener = (): void => this.#report(index);
      this.#listeners[index] = listener;
      listen(item, listener, isLooking);
      if (this.#isClosed) return;
    }
    if (this.#items.length === 0) {
      this.close();
      return;
    }
    if (timeout !== undefined) this.#timer = setTimeout(() => this.#expire(timeout), timeout);
    if (signal) this.#forgetSignal = onAbort(signal, (reason) => this.#end(reason, "abort"));
  }

  /** Ends it (G2), before all have settled or after; `hasFailed` is for the bar. */
  close(hasFailed = false): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (hasFailed) this.#bar?.fail();
    else if (this.#settled === this.#items.length) {
      if (this.#bar) finish(this.#bar);
    } else this.#bar?.stop();
    clearTimeout(this.#timer);
    this.#forgetSignal?.();
    for (const [index, listener] of this.#listeners.entries()) {
      if (listener) unlisten(this.#items[index], listener);
    }
    this.#listeners.length = 0;
  }

  #report(index: number): void {
    if (this.#isClosed) return;
    this.#listeners[index] = undefined;
    this.#settled += 1;
    const outcome = outcomeOf(this.#items[index])!;
    this.#bar?.advance(1, outcome.status === "done" ? "success" : "failure");
    this.#owner.settled(index, outcome);
    if (this.#settled === this.#items.length) this.close();
  }

  #expire(timeout: number): void {
    const message = `Cannot ${this.#owner.verb} ${this.#items.length} futures within ${timeout} ms as only ${this.#settled} had settled by then`;
    this.#end(new TimeoutError(message, timeout), "timeout");
  }

  #end(error: unknown, why: "timeout" | "abort"): void {
    this.close();
    this.#owner.ended(error, why);
  }
}
