import { abortSignal } from "../config/abort-signal.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import { onAbort } from "../config/on-abort.js";
import { TimeoutError } from "../errors.js";
import { surroundingSignals } from "../scope/surrounding-signals.js";
import type { Endings, QueueWaiter } from "./queue-core.js";

/** Options of what may have to wait. */
export interface QueueWaitOptions {
  /** How long to wait, in ms. @default for ever */
  timeout?: number | undefined;
  /** Ends the wait with its `reason`. */
  signal?: AbortSignal | undefined;
}

/** @throws what is wrong with the options, or the reason of the signal when it has fired */
export function checkWait(options: QueueWaitOptions): void {
  checkFields("options", options, ["timeout", "signal"]);
  if (options.timeout !== undefined) duration("timeout", options.timeout);
  abortSignal("signal", options.signal)?.throwIfAborted();
}

/**
 * Waits until it is served or fails, the time is over, or a signal fires, also that of the call or the task group around;
 * then it has left its room before it rejects.
 *
 * @param enter - makes who waits and lets it in, or ends it at once
 * @param lateness - what could not be done, and why, for the message
 */
export function waitFor<R, S>(
  options: QueueWaitOptions | undefined,
  lateness: string,
  enter: (endings: Endings<R>) => QueueWaiter<S>,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const { timeout, signal } = options ?? {};
    const surrounding = surroundingSignals();
    if (timeout === undefined && !signal && surrounding.length === 0) {
      enter({ serve: resolve, fail: reject });
      return;
    }
    const signals = signal ? [signal, ...surrounding] : surrounding;
    for (const one of signals) one.throwIfAborted();
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    let forgets: readonly (() => void)[] = [];
    const end = (): void => {
      isOver = true;
      clearTimeout(timer);
      for (const forget of forgets) forget();
    };
    const fail = (error: unknown): void => {
      end();
      reject(error as Error);
    };
    const serve = (result: R): void => {
      end();
      resolve(result);
    };
    const waiter = enter({ serve, fail });
    if (isOver) return;
    const giveUp = (error: unknown): void => {
      waiter.leave();
      fail(error);
    };
    if (timeout !== undefined) {
      const message = `Cannot ${lateness} within ${timeout} ms`;
      timer = setTimeout(() => giveUp(new TimeoutError(message, timeout)), timeout);
    }
    forgets = signals.map((one) => onAbort(one, giveUp));
  });
}
