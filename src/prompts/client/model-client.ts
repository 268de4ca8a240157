/**
 * Asks a model many things at once, under its limits.
 *
 * Owns the pool that makes the requests, the limits of each account, and the end of it all. Does not own the connections,
 * which are the provider's.
 *
 * States: open → given up (nothing is left to spend) → stopped.
 *
 * K1. Every request ends: with an answer, with what its last attempt failed with, or with why the client gave up.
 * K2. Once given up, nothing more is sent; requests under way are awaited, those that wait fail at once.
 */
import { checkFields } from "../../config/check-fields.js";
import { attend, type Future } from "../../future/future.js";
import type { Amounts } from "../../limits/grant.js";
import { LimitPool } from "../../limits/limit-pool.js";
import type { LimitSource } from "../../limits/limit-source.js";
import type { MethodInfo } from "../../pool/method-plan.js";
import { UNCONFIGURED } from "../../pool/effective-options.js";
import { rememberCallable } from "../../pool/callables.js";
import { openPool, sourceOf } from "../../pool/open-pool.js";
import type { PoolCore } from "../../pool/pool-core.js";
import type { PoolOptions } from "../../pool/options.js";
import type { PoolStats } from "../../pool/pool-stats.js";
import type { Registration } from "../../registry.js";
import { type RetryOptions, resolveRetry } from "../../retry/options.js";
import { type ModelFailure, PoolStoppedError } from "../../errors.js";
import type { Account, ModelAnswer, ModelRequest, Provider } from "../provider.js";
import { AccountLimits, type AccountStats } from "./account-limits.js";
import { MemoryCache } from "./answer-cache.js";
import { AnswerStream } from "./answer-stream.js";
import { atOnce, type ModelClientOptions, perMinute, type ResolvedClient, resolveClient } from "./client-options.js";
import { type CallerContext, ModelCallerWorker } from "./model-caller.js";
import { checkProvider, closeWithLast, useProvider } from "./provider-use.js";
import { checkRequest } from "./check-request.js";
import { requestKey } from "./request-key.js";
import { retriesOf } from "./retries.js";
import { type AnswerSource, SharedAnswersWorker } from "./shared-answers.js";
import { Spending, type UsageTotals } from "./spending.js";
import { TokenEstimate } from "./token-estimate.js";

/** How one request is made. */
export interface AskOptions {
  /** Gives it up when it fires, at once; it rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Goes before requests of a lower one with the same key. @default 0 */
  readonly priority?: number | undefined;
  /** Requests of different keys (users, tenants) are made in turn. @default one key for all that name none */
  readonly key?: string | undefined;
}

/** What a client is doing and has done. */
export interface ModelClientStats {
  /** Requests made of it. */
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
  /** Attempts that were followed by another. */
  readonly retried: number;
  /** Requests that shared the answer of another under way, and those whose answer was in the cache. */
  readonly coalesced: number;
  readonly cached: number;
  /** Attempts that failed, by how. */
  readonly failures: Readonly<Partial<Record<ModelFailure, number>>>;
  /** Tokens of all answers that were asked for. */
  readonly usage: UsageTotals;
  /** What they cost, with what was given up after it was sent, as expected; `undefined` without prices. */
  readonly cost: number | undefined;
  readonly accounts: readonly AccountStats[];
  /** The pool that makes the requests; `undefined` before the first. */
  readonly pool: PoolStats | undefined;
}

/**
 * Asks a model many things at once: as fast as its limits allow, however many there are, and each of them to its end.
 *
 * Limits on requests and tokens are kept together, those of several accounts each by itself; what is not given is learned
 * from the headers of responses. After a 429 all requests of that account wait, once. What may pass by itself is asked
 * again. When nothing is left to spend, all that wait fail at once and nothing more is sent.
 *
 * The first request of an account goes alone, for a second at most: one without credit costs one request, not fifty.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * await using client = new ModelClient(openai({ model: "gpt-4.1-mini" }), { rpm: 500, tpm: 200_000 });
 * const answers = await gather(prompts.map((prompt) => client.ask(prompt)), { returnExceptions: true });
 */
export class ModelClient<A extends Account = Account> implements AsyncDisposable {
  readonly provider: Provider<A>;
  /**
   * Asks; a text is the one message of a user. It can be passed on as it is, as in `map(prompts, client.ask)`, which then
   * keeps all accounts busy.
   *
   * @throws {TypeError} for a request that asks nothing, and for options that there are not
   */
  readonly ask: (request: ModelRequest | string, options?: AskOptions) => Future<ModelAnswer>;
  readonly #options: ResolvedClient;
  readonly #accounts: readonly AccountLimits<A>[];
  readonly #estimate: TokenEstimate;
  readonly #spending: Spending;
  readonly #failures: Partial<Record<ModelFailure, number>> = {};
  /** Requests that are not over, and the ids of those of them that a server has, or had and answered. */
  readonly #pending = new Set<Future<ModelAnswer>>();
  readonly #sent = new Set<string>();
  readonly #ended = (future: Future<ModelAnswer>): void => {
    this.#pending.delete(future);
    this.#sent.delete(future.id);
  };
  readonly #attempts: CallerContext["attempts"] = new Set();
  readonly #shared = { cached: 0, coalesced: 0 };
  readonly #limits: LimitSource;
  readonly #retry: RetryOptions;
  readonly #caller: CallerContext<A>;
  /** Makes the requests. Opened by the first: a module that makes a client is not held up by it. */
  #pool: PoolCore | undefined;
  /** In front of the pool, where answers are kept or shared. */
  #front: PoolCore | undefined;
  #givenUp: Error | undefined;
  #isStopped = false;

  constructor(provider: Provider<A>, options: ModelClientOptions = {}) {
    this.#options = resolveClient(options);
    this.provider = checkProvider(provider);
    const { rpm, tpm, concurrency, limits, estimate, price, maxCost, spent } = this.#options;
    this.#accounts = provider.accounts.map(
      (account) =>
        new AccountLimits(account, {
          rpm: perMinute(`rpm of ${account.name}`, account.rpm) ?? rpm,
          tpm: perMinute(`tpm of ${account.name}`, account.tpm) ?? tpm,
          concurrency: atOnce(`concurrency of ${account.name}`, account.concurrency) ?? concurrency,
          others: limits,
        }),
    );
    this.#estimate = new TokenEstimate(estimate);
    this.#spending = new Spending(price, maxCost, spent);
    const sets = this.#accounts.map(({ set }) => set);
    this.#limits = sets.length === 1 ? sets[0]! : new LimitPool(sets, { loadBalancing: this.#options.loadBalancing });
    this.#caller = this.#context();
    this.#retry = retriesOf(this.#options.retry, this.#caller as CallerContext);
    resolveRetry(this.#retry);
    useProvider(provider);
    const most = this.#accounts.reduce((sum, account) => sum + account.concurrency, 0);
    this.ask = rememberCallable((request, asked = NO_OPTIONS) => this.#ask(request, asked), {
      label: `${provider.name}.ask`,
      // Besides those that a server has, some that wait for limits or to be asked again.
      capacity: () => 2 * most,
    });
  }

  /** Asks for an answer that is read while the model writes it. It is neither kept nor shared. */
  stream(request: ModelRequest | string, options: AskOptions = {}): AnswerStream {
    const asked = checkRequest(request);
    checkFields("stream", options, ["signal", "priority", "key"]);
    this.#open();
    return new AnswerStream((onText) => this.#send(asked, options, onText));
  }

  stats(): ModelClientStats {
    const pool = this.#pool?.stats();
    const calls = (this.#front ?? this.#pool)?.stats().calls;
    return {
      requests: calls ? calls.queued + calls.running + calls.done + calls.failed + calls.cancelled : 0,
      answered: calls?.done ?? 0,
      failed: calls?.failed ?? 0,
      retried: pool?.calls.retried ?? 0,
      ...this.#shared,
      failures: { ...this.#failures },
      usage: this.#spending.usage,
      cost: this.#spending.cost,
      accounts: this.#accounts.map((account) => account.stats()),
      pool,
    };
  }

  /** Takes no more; requests under way are awaited for `timeout` ms (default 30,000), those that wait are cancelled. */
  async stop(options: { readonly timeout?: number } = {}): Promise<void> {
    await this.#pool?.stop(options.timeout);
    await this.#front?.stop(options.timeout);
    // The connections may serve another client of the provider: they are closed one by one.
    const reason = new PoolStoppedError(`Cannot wait for answers of '${this.provider.model}' as the client is stopped`);
    for (const giveUp of this.#attempts) giveUp(reason);
    for (const account of this.#accounts) account.close();
    if (this.#isStopped) return;
    this.#isStopped = true;
    await closeWithLast(this.provider);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #ask(request: ModelRequest | string, options: AskOptions): Future<ModelAnswer> {
    const asked = checkRequest(request);
    if (options !== NO_OPTIONS) checkFields("ask", options, ["signal", "priority", "key"]);
    this.#open();
    return this.#front ? submit(this.#front, [asked, options], options) : this.#send(asked, options);
  }

  #send(request: ModelRequest, options: AskOptions, onText?: (piece: string) => void): Future<ModelAnswer> {
    const future = submit(this.#pool!, onText ? [request, onText] : [request], options);
    if (this.#givenUp) {
      future.cancel(this.#givenUp);
      return future;
    }
    this.#pending.add(future);
    attend(future, this.#ended);
    return future;
  }

  #open(): void {
    if (this.#pool) return;
    const { cache, coalesce } = this.#options;
    const cost = (request: ModelRequest): Amounts => this.#costOf(request);
    const methods = { ask: { cost, retry: this.#retry } };
    this.#pool = openOwn(ModelCallerWorker, { limits: this.#limits, methods }, this.#caller);
    if (this.#isStopped) void this.#pool.stop(0);
    if (!coalesce && cache === false) return;
    const source: AnswerSource = {
      cache: cache === true ? new MemoryCache() : cache || undefined,
      isCoalescing: coalesce,
      keyOf: (request) => requestKey(this.provider, request),
      ask: (request, { priority, key }) => this.#send(request, { priority, key }),
      onShared: (how) => {
        this.#shared[how] += 1;
      },
    };
    this.#front = openOwn(SharedAnswersWorker, {}, source);
  }

  #context(): CallerContext<A> {
    return {
      provider: this.provider,
      estimate: this.#estimate,
      spending: this.#spending,
      timeout: this.#options.timeout,
      attempts: this.#attempts,
      isQuota: this.#options.isQuota,
      began: (id) => this.#sent.add(id),
      ended: (id) => this.#sent.delete(id),
      failed: (failure) => {
        this.#failures[failure] = (this.#failures[failure] ?? 0) + 1;
      },
      giveUp: (error) => this.#giveUp(error),
      hasAccounts: () => this.#accounts.some(({ isExhausted }) => !isExhausted),
      hasAccountBeside: (own) => this.#accounts.some((account) => account !== own && !account.isExhausted),
    };
  }

  #costOf(request: ModelRequest): Amounts {
    const { input, output } = this.#estimate.guess(request);
    for (const account of this.#accounts) account.expect(input + output);
    return {
      calls: 1,
      tokens: Math.min(input + output, this.#most("tokens")),
      "input-tokens": Math.min(input, this.#most("input-tokens")),
      "output-tokens": Math.min(output, this.#most("output-tokens")),
    };
  }

  #most(key: Parameters<AccountLimits["most"]>[0]): number {
    const first = this.#accounts[0]!;
    return this.#accounts.length === 1 ? first.most(key) : Math.max(...this.#accounts.map((one) => one.most(key)));
  }

  /** K2 */
  #giveUp(error: Error): Error {
    if (this.#givenUp) return this.#givenUp;
    this.#givenUp = error;
    for (const future of this.#pending) if (!this.#sent.has(future.id)) future.cancel(error);
    return error;
  }
}

const NO_OPTIONS: AskOptions = {};

/** A pool in this event loop, of one worker that does any number of requests at once. */
function openOwn(
  definition: { readonly registration: Registration },
  options: PoolOptions,
  argument: unknown,
): PoolCore {
  const own: PoolOptions = { mode: "async", unwrapFutures: false, ...options };
  return openPool(sourceOf(definition.registration), own, [argument], UNCONFIGURED);
}

function submit(pool: PoolCore, args: readonly unknown[], { signal, priority, key }: AskOptions): Future<ModelAnswer> {
  return pool.submit(pool.kindOf(ASK, { signal, priority, key }, {}), args).future as Future<ModelAnswer>;
}

/** Both workers have this one method. */
const ASK: MethodInfo = { index: 0, name: "ask", isStream: false };
