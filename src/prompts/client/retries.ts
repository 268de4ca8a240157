/** How requests to a model are made again, where their owner does not say. */
import type { RetryContext } from "../../retry/backoff.js";
import type { RetryOptions } from "../../retry/options.js";
import { failureOf } from "../failure.js";
import { type CallerContext, isRetryable } from "./model-caller.js";

/** Ten waits of which the last are 30 s: an outage of a minute is outlived, as a rule. */
const RETRIES = 10;
const WAIT = 100;
const LONGEST_WAIT = 30_000;

/** @param own - what the owner says; the rest is filled in */
export function retriesOf(own: Partial<RetryOptions> | undefined, caller: CallerContext): RetryOptions {
  const { retries = RETRIES, wait = WAIT, maxWait = Math.max(wait, LONGEST_WAIT), backoff, ...others } = own ?? {};
  const isOwnBackoff = backoff !== undefined;
  return {
    on: ({ error }) => isRetryable(error, caller),
    retries,
    // An account that must wait is paused as a whole: another may take the request at once, and none can too early.
    honorRetryAfter: isOwnBackoff,
    backoff: backoff ?? ((context) => waitAfter(context, wait, maxWait)),
    ...(isOwnBackoff && { wait, maxWait }),
    ...others,
  };
}

/** Exponential, of which half is jitter; at least what the server asks for. */
function waitAfter({ error, attempt }: RetryContext, wait: number, maxWait: number): number {
  const { failure, retryAfter = 0 } = failureOf(error);
  // Made again at all, it is by another account.
  if (failure === "quota" || failure === "refused") return 0;
  const longest = Math.min(maxWait, wait * 2 ** Math.min(attempt - 1, 30));
  // A pause of the account holds for all its requests; one of this request alone follows when it was refused again and again.
  if (failure === "rate-limit") return attempt > 3 ? Math.max(retryAfter, longest) : 0;
  return Math.max(retryAfter, (longest / 2) * (1 + Math.random()));
}
