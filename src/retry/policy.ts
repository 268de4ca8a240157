/**
 * Decides after each attempt of a call whether it is made again, and after how long.
 *
 * Owns the checked options and the budget, which all calls share. Does not own the attempts of a call, its history, the
 * time, chance, or the waiting: they are passed in, and the caller acts on what is decided.
 *
 * R1. No decision throws or rejects: what a function of the user's throws becomes the error of the call.
 * R2. The budget is asked last, so that only a retry that takes place costs.
 * R3. No call has more than 1 + `retries` attempts.
 */
import { backoffDelay, type RetryContext } from "./backoff.js";
import type { RetryHistory } from "./history.js";
import { type ResolvedRetry, resolveRetry, type RetryOptions } from "./options.js";
import { isRetryable } from "./retry-on.js";
import { refusalOf, type ResultContext } from "./retry-until.js";

/** Waits `delay` ms and makes the call again, or fails it. */
export type RetryDecision =
  | { readonly retry: true; readonly delay: number }
  | { readonly retry: false; readonly error: unknown };

/** What a decision takes that users' functions do not see. */
interface Surroundings {
  /** A monotonic time in ms. */
  readonly now: number;
  /** As `Math.random`. */
  readonly random: () => number;
}

/** An attempt that threw. */
export interface FailedAttempt extends RetryContext, Surroundings {
  /** How long the error asks to wait, in ms. */
  readonly retryAfter: number | undefined;
}

/** An attempt that returned. */
export interface ReturnedAttempt extends ResultContext, Surroundings {
  readonly result: unknown;
  /** The one of this call, in which a refusal is noted. */
  readonly history: RetryHistory;
}

/** The longest delay a timer of Node.js takes, in ms; beyond it, it would not wait at all. */
const LONGEST_TIMER = 0x7fff_ffff;

export class RetryPolicy {
  readonly #options: ResolvedRetry;

  /**
   * @param path - what messages call the options, as in `methods.fetch.retry`. Default: `retry`
   * @throws {TypeError | RangeError} naming the option, its value, and what it must be
   */
  constructor(options: RetryOptions, path?: string) {
    this.#options = resolveRetry(options, path);
  }

  /** Whether results are looked at: else `onResult` accepts them all and need not be asked. */
  get validates(): boolean {
    return this.#options.until.length > 0;
  }

  /**
   * Counts a call, once and not for each attempt, towards what the budget allows.
   * @param now - a monotonic time in ms
   */
  onCall(now: number): void {
    this.#options.budget?.deposit(now);
  }

  /** Decides after an attempt that threw. */
  onFailure(failure: FailedAttempt): RetryDecision {
    const { error, attempt, elapsed, method, args, retryAfter } = failure;
    if (attempt > this.#options.retries) return { retry: false, error };
    const context: RetryContext = { error, attempt, elapsed, method, args };
    try {
      if (!isRetryable(context, this.#options.on)) return { retry: false, error };
      const delay = this.#delay(context, failure, retryAfter);
      return this.#isAffordable(failure.now) ? { retry: true, delay } : { retry: false, error };
    } catch (thrown) {
      return { retry: false, error: thrown };
    }
  }

  /**
   * Decides after an attempt that returned: nothing means that the result is accepted. The answer is a promise only where
   * a function or a schema of `until` answers with one.
   */
  onResult(returned: ReturnedAttempt): RetryDecision | undefined | Promise<RetryDecision | undefined> {
    const { result, attempt, elapsed, method, args } = returned;
    try {
      const refusal = refusalOf(result, { attempt, elapsed, method, args }, this.#options.until);
      if (typeof refusal !== "object") return this.#judge(returned, refusal);
      return refusal.then(
        (reason) => this.#judge(returned, reason),
        (error: unknown) => ({ retry: false, error }),
      );
    } catch (error) {
      return { retry: false, error };
    }
  }

  #judge(returned: ReturnedAttempt, refusal: string | undefined): RetryDecision | undefined {
    if (refusal === undefined) return undefined;
    const { result, attempt, elapsed, method, args, history } = returned;
    history.add(result, refusal);
    const error = history.toError(method, attempt);
    if (attempt > this.#options.retries) return { retry: false, error };
    try {
      const delay = this.#delay({ error, attempt, elapsed, method, args }, returned, undefined);
      if (this.#isAffordable(returned.now)) return { retry: true, delay };
    } catch (thrown) {
      return { retry: false, error: thrown };
    }
    return { retry: false, error: history.toError(method, attempt, ", and the retry budget allows no more") };
  }

  #delay(context: RetryContext, { random }: Surroundings, retryAfter: number | undefined): number {
    const delay = backoffDelay(this.#options, context.attempt, random, context);
    const isAskedFor = this.#options.honorRetryAfter && retryAfter !== undefined && retryAfter > delay;
    return isAskedFor ? Math.min(retryAfter, LONGEST_TIMER) : delay;
  }

  #isAffordable(now: number): boolean {
    return this.#options.budget?.withdraw(now) ?? true;
  }
}
