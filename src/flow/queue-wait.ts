import { abortSignal } from "../config/abort-signal.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import { onAbort } from "../config/on-abort.js";
import { TimeoutError } from "../errors.js";
import type { Waiter } from "../waiting/waiting-room.js";

/** Options of what may have to wait. */
export interface QueueWaitOptions {
  /** How long to wait, in ms. @default for ever */
  timeout?: number | undefined;
  /** Ends the wait with its `reason`. */
  signal?: AbortSignal | undefined;
}

/** How a wait ends. */
export interface Ending<R> {
  serve(result: R): void;
  fail(error: unknown): void;
}

/** @throws what is wrong with the options, or the reason of the signal when it has fired */
export function checkWait(options: QueueWaitOptions): void {
  checkFields("options", options, ["timeout", "signal"]);
  if (options.timeout !== undefined) duration("timeout", options.timeout);
  abortSignal("signal", options.signal)?.throwIfAborted();
}

/**
 * Waits until it is served or fails, the time is over, or the signal fires; then it has left its room before it rejects.
 *
 * @param enter - makes who waits and lets it in, or ends it at once
 * @param lateness - what could not be done, and why, for the message
 */
export function waitFor<R>(
  options: QueueWaitOptions | undefined,
  lateness: string,
  enter: (ending: Ending<R>) => Waiter,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const { timeout, signal } = options ?? {};
    if (timeout === undefined && !signal) {
      enter({ serve: resolve, fail: reject });
      return;
    }
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    let forgetSignal: (() => void) | undefined;
    const end = (): void => {
      isOver = true;
      clearTimeout(timer);
      forgetSignal?.();
    };
    const waiter = enter({
      serve: (result) => {
        end();
        resolve(result);
      },
      fail: (error) => {
        end();
        reject(error as Error);
      },
    });
    if (isOver) return;
    const giveUp = (error: unknown): void => {
      waiter.waitsIn?.delete(waiter as never);
      end();
      reject(error as Error);
    };
    if (timeout !== undefined) {
      const message = `Cannot ${lateness} within ${timeout} ms`;
      timer = setTimeout(() => giveUp(new TimeoutError(message, timeout)), timeout);
    }
    if (signal) forgetSignal = onAbort(signal, giveUp);
  });
}
