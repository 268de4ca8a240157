/** Waiting for limits: in the queue of one set, or of several at once, where the first that can serve does. */
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import type { Clock } from "../config/monotonic.js";
import { duration } from "../config/duration.js";
import { onAbort } from "../config/on-abort.js";
import { TimeoutError } from "../errors.js";
import type { AcquireOptions, Grant, HeldGrant } from "./grant.js";
import type { Caller } from "./holdings.js";
import type { LimitRequest, Requester } from "./limit-request.js";

/** Where requests wait: a set. */
export interface Queue<C> {
  readonly clock: Clock;
  readonly keys: readonly string[];
  enqueue(need: readonly number[], requester: Requester<C>): LimitRequest;
}

/** A set, and what a request needs of it. */
export interface Choice<C> {
  readonly set: Queue<C>;
  readonly need: readonly number[];
}

/** Somebody who waits, and may stop waiting. */
export interface Waiting {
  /** Waits no more, at no cost; does nothing once it was granted. */
  leave(): void;
}

/** Waits in all these queues; the first that grants takes the request out of the others. */
export function enqueueIn<C>(choices: readonly Choice<C>[], requester: Requester<C>): Waiting {
  const only = choices.length === 1 ? choices[0] : undefined;
  if (only) return only.set.enqueue(only.need, requester);
  const requests: LimitRequest[] = [];
  let isGranted = false;
  let left = choices.length;
  const leave = (): void => requests.forEach((request) => request.leave());
  const first: Requester<C> = {
    ...requester,
    isReady: () => requester.isReady?.() ?? true,
    isWanted: () => requester.isWanted?.(),
    granted: (grant) => {
      // To leave one queue serves it, and what it grants may serve another before the request has left that.
      if (isGranted) {
        grant.undo();
        return;
      }
      isGranted = true;
      leave();
      requester.granted(grant);
    },
    failed: (error) => {
      left -= 1;
      if (left === 0) requester.failed?.(error);
    },
  };
  for (const { set, need } of choices) if (!isGranted) requests.push(set.enqueue(need, first));
  if (isGranted) leave();
  return { leave };
}

const OPTIONS: readonly (keyof AcquireOptions)[] = ["timeout", "signal", "priority", "key"];

/** @throws {TypeError | RangeError} for an option that there is not, or that is not valid */
export function checkWait(options: AcquireOptions): void {
  checkFields("acquire", options, OPTIONS);
  const { timeout, priority, signal } = options;
  if (timeout !== undefined) duration("timeout", timeout);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot set 'signal' as it must be an AbortSignal: current value is ${show(signal)}`);
  }
  if (priority === undefined || Number.isFinite(priority)) return;
  throw new RangeError(`Cannot set 'priority' as it must be a finite number: current value is ${show(priority)}`);
}

/** Waits for a grant; see `Limits.acquire`. The options are checked already. */
export function waitFor<C>(
  choices: readonly Choice<C>[],
  caller: Caller | undefined,
  options: AcquireOptions = {},
): Promise<Grant<C>> {
  return new Promise((resolve, reject) => {
    const { timeout, priority, key, signal } = options;
    const own = caller?.signal;
    signal?.throwIfAborted();
    own?.throwIfAborted();
    if (timeout === undefined && !signal && !own) {
      // Most wait like this, for no call, and of those that wait there may be a million.
      enqueueIn(choices, { owner: undefined, priority, key, granted: resolve, failed: reject });
      return;
    }
    const isHolder = caller?.isHolder;
    const forgets: (() => void)[] = [];
    const granted = (grant: HeldGrant<C>): void => {
      for (const forget of forgets) forget();
      resolve(grant);
    };
    const failed = (error: unknown): void => {
      for (const forget of forgets) forget();
      reject(error as Error);
    };
    const waiting = enqueueIn(choices, { owner: caller?.id, isHolder, priority, key, granted, failed });
    // It leaves before it rejects: a grant in between would be lost.
    const fail = (error: unknown): void => {
      waiting.leave();
      failed(error);
    };
    if (timeout !== undefined) {
      const { clock } = choices[0]!.set;
      forgets.push(clock.after(timeout, () => fail(new TimeoutError(tooLate(choices, timeout), timeout))));
    }
    if (signal) forgets.push(onAbort(signal, fail));
    if (own) forgets.push(onAbort(own, fail));
  });
}

function tooLate<C>([choice]: readonly Choice<C>[], timeout: number): string {
  const { set, need } = choice!;
  const wanted = need.map((amount, index) => `${amount} of '${set.keys[index]}'`).join(", ");
  return `Cannot acquire ${wanted} within ${timeout} ms as it was not free in time`;
}
