/**
 * Runs one input of a stage with what its options put around it: limits, retries, a timeout.
 *
 * A1. What an attempt took of limits is given back when the attempt has ended, not when it was given up.
 * A2. Nothing is held between attempts, and a wait between them ends when the signal fires.
 * A3. An item that took too long has failed at once; its place is free when what was run for it has ended, or `GRACE` ms
 *     later, and then it is told.
 */
import { machineClock } from "../../config/monotonic.js";
import { onAbort } from "../../config/on-abort.js";
import { sharedController } from "../../config/shared-controller.js";
import { TimeoutError } from "../../errors.js";
import { Future } from "../../future/future.js";
import type { Grant } from "../../limits/grant.js";
import { retryAfterOf } from "../../limits/headers/retry-after.js";
import type { Outcome } from "../../limits/limit.js";
import { outcomeOfError } from "../../pool/call-outcome.js";
import { RetryHistory } from "../../retry/history.js";
import type { RetryDecision } from "../../retry/policy.js";
import { cancelledBy } from "../cancelled-by.js";
import type { ResolvedStage } from "./stage-options.js";

/** What an attempt is told of itself. */
export interface Attempt {
  readonly index: number;
  /** From 1. */
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** How long a function may go on after its item was given up before others take its place, in ms; as for task groups. */
const GRACE = 5000;

type Ending = { readonly value: unknown } | { readonly error: unknown };

export class StageAttempts {
  readonly #stage: ResolvedStage;
  readonly #call: (input: unknown, attempt: Attempt) => unknown;
  readonly #onRetry: () => void;
  /** What goes on, by the error its item failed with (A3). */
  readonly #lingering = new WeakMap<object, Promise<void>>();
  readonly #graces = new Set<() => void>();
  #hasWarned = false;

  constructor(stage: ResolvedStage, call: (input: unknown, attempt: Attempt) => unknown, onRetry: () => void) {
    this.#stage = stage;
    this.#call = call;
    this.#onRetry = onRetry;
  }

  /** Whether a stage needs any of this. */
  static isNeeded({ retry, limits, timeout }: ResolvedStage): boolean {
    return retry !== undefined || limits !== undefined || timeout !== undefined;
  }

  async run(input: unknown, index: number, signal: AbortSignal): Promise<unknown> {
    const { timeout, name } = this.#stage;
    if (timeout === undefined) return this.#attempt(input, index, signal);
    const controller = sharedController();
    const attempt = this.#attempt(input, index, controller.signal);
    const forgets = [
      onAbort(signal, (reason) => controller.abort(reason)),
      machineClock.after(timeout, () => {
        const message = `Cannot finish an item of stage '${name}' as it took longer than ${timeout} ms`;
        const error = new TimeoutError(message, timeout);
        this.#lingering.set(error, this.#linger(attempt));
        controller.abort(error);
      }),
    ];
    try {
      return await Promise.race([aborted(controller.signal), attempt]);
    } finally {
      for (const forget of forgets) forget();
    }
  }

  /** Settles when what failed with this error has ended, where it goes on after it (A3). */
  lingers(error: unknown): Promise<void> | undefined {
    return typeof error === "object" && error !== null ? this.#lingering.get(error) : undefined;
  }

  /** Nobody waits for a place any more. */
  end(): void {
    for (const forget of this.#graces) forget();
    this.#graces.clear();
  }

  async #linger(attempt: Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => {
      const forget = machineClock.after(GRACE, () => {
        this.#graces.delete(forget);
        this.#warn();
        resolve();
      });
      const ended = (): void => {
        this.#graces.delete(forget);
        forget();
        resolve();
      };
      this.#graces.add(forget);
      attempt.then(ended, ended);
    });
  }

  /** Once: where one function does not listen, most calls of it do not. */
  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(
      `Cannot wait longer for an item of stage '${this.#stage.name}' as it took too long ${GRACE} ms ago: it goes on ` +
        "beside the others, and its function should end when its signal fires",
      { code: "MH_LEFT_BEHIND" },
    );
  }

  async #attempt(input: unknown, index: number, signal: AbortSignal): Promise<unknown> {
    const { retry, name } = this.#stage;
    const startedAt = performance.now();
    const history = retry?.validates ? new RetryHistory() : undefined;
    retry?.onCall(startedAt);
    for (let attempt = 1; ; attempt += 1) {
      const grant = await this.#acquire(input, signal);
      const ending = await this.#once(input, { index, attempt, signal }, grant);
      // Given up: nobody wants to know how it went on.
      signal.throwIfAborted();
      const now = performance.now();
      const facts = { attempt, elapsed: now - startedAt, method: name, args: [input], now, random: Math.random };
      let decision: RetryDecision | undefined;
      if ("error" in ending) {
        if (!retry) throw ending.error;
        const { error } = ending;
        decision = retry.onFailure({ ...facts, error, retryAfter: retryAfterOf(error, Date.now()) });
      } else if (history) decision = await retry!.onResult({ ...facts, result: ending.value, history });
      if (!decision) return (ending as { value: unknown }).value;
      if (!decision.retry) throw decision.error;
      this.#onRetry();
      await pause(decision.delay, signal);
    }
  }

  async #acquire(input: unknown, signal: AbortSignal): Promise<Grant | undefined> {
    const { limits, cost } = this.#stage;
    signal.throwIfAborted();
    return limits?.acquire(cost?.(input), { signal });
  }

  /** Runs it, and settles what it took (A1). */
  async #once(input: unknown, attempt: Attempt, grant: Grant | undefined): Promise<Ending> {
    let ending: Ending;
    let outcome: Outcome = "success";
    try {
      const begun = this.#call(input, attempt);
      ending = { value: begun instanceof Future ? await cancelledBy(attempt.signal, begun) : await begun };
    } catch (error) {
      ending = { error };
      outcome = outcomeOfError(error);
    }
    if (!grant) return ending;
    try {
      const usage = "value" in ending ? this.#stage.usage?.(ending.value, input) : undefined;
      if (usage) grant.update(usage);
    } finally {
      grant.release(outcome);
    }
    return ending;
  }
}

/** Rejects when the signal fires. */
async function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => onAbort(signal, reject));
}

/** Waits, at most until the signal fires. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const forgetTimer = machineClock.after(ms, () => {
      forgetSignal();
      resolve();
    });
    const forgetSignal = onAbort(signal, (reason) => {
      forgetTimer();
      reject(reason as Error);
    });
  });
}
