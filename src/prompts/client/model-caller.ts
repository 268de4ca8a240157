/** The worker behind a client: makes one attempt of one request, in this event loop. */
import { show } from "../../config/show.js";
import { ModelError } from "../../errors.js";
import { onAbort } from "../../config/on-abort.js";
import type { Grant } from "../../limits/grant.js";
import { abortCall, ASKS_AT_ONCE, call, type CallContext } from "../../host/call-context.js";
import { worker } from "../../worker.js";
import { type Failure, failureOf } from "../failure.js";
import type { Account, ModelAnswer, ModelRequest, Provider, Usage } from "../provider.js";
import type { AccountLimits } from "./account-limits.js";
import { nothingLeft } from "./nothing-left.js";
import type { Settle, Spending } from "./spending.js";
import type { TokenEstimate, TokenGuess } from "./token-estimate.js";

/** What attempts need and tell: the client's. */
export interface CallerContext<A extends Account = Account> {
  readonly provider: Provider<A>;
  readonly estimate: TokenEstimate;
  readonly spending: Spending;
  /** How long an attempt may take, in ms. */
  readonly timeout: number;
  /** Whether nothing is left to spend, where the failure alone does not tell. */
  readonly isQuota: (failure: Failure) => boolean;
  /** What gives up the attempts under way, for good. */
  readonly attempts: Set<(reason: Error) => void>;
  /** An attempt of this call begins, or has failed. */
  began(id: string): void;
  ended(id: string): void;
  failed(failure: Failure["failure"]): void;
  /** There is no point in going on; returns why, which another may have said before. */
  giveUp(error: Error): Error;
  /** Whether any account has something left to spend, and whether any but this one. */
  hasAccounts(): boolean;
  hasAccountBeside(limits: AccountLimits<A>): boolean;
}

const UNAUTHORIZED = 401;

/** Errors after which nothing must be sent again, as their reader has begun to read the answer. */
const afterText = new WeakSet<object>();

/** Errors of an account whose key is refused, where another may do. */
const ofOneAccount = new WeakSet<object>();

/** Whether a failed attempt may be made again. */
export function isRetryable(
  error: unknown,
  { isQuota, hasAccounts }: Pick<CallerContext, "isQuota" | "hasAccounts">,
): boolean {
  if (isIn(afterText, error)) return false;
  if (isIn(ofOneAccount, error)) return hasAccounts();
  const failure = failureOf(error);
  if (isQuotaFailure(failure, { isQuota })) return hasAccounts();
  return failure.failure !== "refused";
}

const NOTHING = (): void => {};

class ModelCaller<A extends Account> {
  readonly [ASKS_AT_ONCE]: boolean;
  readonly #context: CallerContext<A>;

  constructor(context: CallerContext<A>) {
    this.#context = context;
    this[ASKS_AT_ONCE] = (context.provider as { readonly [ASKS_AT_ONCE]?: unknown })[ASKS_AT_ONCE] === true;
  }

  /** @param onText - where given, the answer is streamed to it */
  async ask(request: ModelRequest, onText?: (piece: string) => void): Promise<ModelAnswer> {
    const context = this.#context;
    const own = call();
    const { id, signal, attempt, grant } = own;
    const limits = grant!.config as AccountLimits<A>;
    const { estimate, spending } = context;
    const done = spending.isCounted ? await this.#reserve(estimate.guess(request), signal) : NOTHING;
    context.began(id);
    limits.began();
    const attempted = new Attempt(own, context.timeout, context.attempts);
    let hasText = false;
    let isOver = false;
    let isUnknown = false;
    const tell =
      onText &&
      ((piece: string): void => {
        // What an attempt that was given up tells later would stand within the text of the next.
        if (isOver) return;
        hasText = true;
        onText(piece);
      });
    try {
      const { account } = limits;
      const sent = context.provider.send(request, {
        account,
        attempt,
        signal,
        onHeaders: (headers) => limits.heard(headers),
        onText: tell,
        following: limits.following,
      });
      // K1. A provider that heeds no signal is not waited for.
      const answer = checkAnswer(await attempted.outcomeOf(Promise.resolve(sent)));
      const usage = answer.usage && isUsage(answer.usage) ? answer.usage : undefined;
      // First: what begins as soon as there is room is guessed by it.
      if (usage) {
        estimate.learn(request, usage);
        spending.add(usage);
      }
      isUnknown = usage === undefined;
      limits.succeeded();
      if (usage) grant!.update(amountsOf(usage));
      return answer;
    } catch (thrown) {
      context.ended(id);
      isUnknown = signal.aborted;
      // Whose caller has left says nothing of the server.
      if (signal.aborted && !attempted.isGivenUp) throw thrown;
      const error = attempted.timedOut ?? thrown;
      if (hasText) note(afterText, error);
      throw this.#failed(error, attempt, limits, grant!);
    } finally {
      isOver = true;
      attempted.end();
      limits.ended();
      done(isUnknown);
    }
  }

  async #reserve(guess: TokenGuess, signal: AbortSignal): Promise<Settle> {
    const { spending, giveUp } = this.#context;
    try {
      return await spending.reserve(guess, signal);
    } catch (error) {
      throw signal.aborted ? error : giveUp(error as Error);
    }
  }

  /** Returns what the attempt fails with. */
  #failed(error: unknown, attempt: number, limits: AccountLimits<A>, grant: Grant): unknown {
    const context = this.#context;
    const failure = failureOf(error);
    const isSpent = isQuotaFailure(failure, context);
    context.failed(isSpent ? "quota" : failure.failure);
    const isLeftOut = isSpent || (failure.status === UNAUTHORIZED && context.hasAccountBeside(limits));
    if (isLeftOut && !isSpent) note(ofOneAccount, error);
    limits.failed(isLeftOut ? { ...failure, failure: "quota" } : failure, attempt, grant);
    if (!isSpent || context.hasAccounts()) return error;
    return context.giveUp(nothingLeft(context.provider.model, { message: failure.message, cause: error }));
  }
}

function isIn(errors: WeakSet<object>, error: unknown): boolean {
  return typeof error === "object" && error !== null && errors.has(error);
}

function note(errors: WeakSet<object>, error: unknown): void {
  if (typeof error === "object" && error !== null) errors.add(error);
}

function isQuotaFailure(failure: Failure, { isQuota }: Pick<CallerContext, "isQuota">): boolean {
  return failure.failure === "quota" || isQuota(failure);
}

export const ModelCallerWorker = worker(import.meta, ModelCaller, { name: "ModelClient" });

/** @throws {TypeError} when it is none */
function checkAnswer(value: ModelAnswer | undefined): ModelAnswer {
  if (typeof value?.text === "string") return value;
  throw new TypeError(
    `Cannot read what 'send' of the provider returned as it must be an object with a 'text': current value is ${show(value)}`,
  );
}

/** Providers may be the user's own: an answer is not lost for what it says of its tokens. */
function isUsage({ input, output, cached = 0 }: Usage): boolean {
  return [input, output, cached].every((count) => Number.isFinite(count) && count >= 0);
}

/** What a request really took, by the keys of the limits. */
function amountsOf({ input, output, cached = 0 }: Usage): Record<string, number> {
  return { tokens: input + output, "input-tokens": Math.max(0, input - cached), "output-tokens": output };
}

/** One attempt: given up when its call is, when it took too long, or with all others. The signal of its call tells of each. */
class Attempt {
  readonly #call: CallContext;
  readonly #timer: NodeJS.Timeout;
  readonly #all: CallerContext["attempts"];
  readonly #stopListening: () => void;
  #reject: ((reason: Error) => void) | undefined;
  /** Whether it was given up here, and not by whoever waits for the answer. */
  isGivenUp = false;
  /** Why it was given up, where it took too long. */
  timedOut: ModelError | undefined;

  constructor(own: CallContext, timeout: number, all: CallerContext["attempts"]) {
    this.#call = own;
    this.#all = all;
    all.add(this.#giveUp);
    this.#timer = setTimeout(() => {
      this.timedOut = new ModelError(`Cannot wait any longer for an answer as it did not come within ${timeout} ms`, {
        failure: "timeout",
      });
      this.#giveUp(this.timedOut);
    }, timeout);
    this.#stopListening = onAbort(own.signal, (reason) => this.#reject?.(reason as Error));
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#all.delete(this.#giveUp);
    this.#stopListening();
  }

  /** The outcome of what it asked for, unless it is given up before. */
  outcomeOf<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      const { signal } = this.#call;
      if (signal.aborted) reject(signal.reason as Error);
      work.then(resolve, reject);
    });
  }

  readonly #giveUp = (reason: Error): void => {
    if (this.#call.signal.aborted) return;
    this.isGivenUp = true;
    abortCall(this.#call, reason);
  };
}
