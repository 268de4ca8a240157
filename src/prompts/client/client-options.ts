/** The options of a client: their meaning, their defaults, and what is refused. */
import { checkFields } from "../../config/check-fields.js";
import { checkFlag } from "../../config/check-flag.js";
import { checkFunction } from "../../config/check-function.js";
import { duration } from "../../config/duration.js";
import { oneOf } from "../../config/one-of.js";
import { show } from "../../config/show.js";
import { checkLimits } from "../../limits/check-limits.js";
import type { Limit } from "../../limits/limit.js";
import type { LimitPoolBalancing } from "../../limits/limit-source.js";
import type { RetryOptions } from "../../retry/options.js";
import type { Failure } from "../failure.js";
import type { ModelRequest } from "../provider.js";
import type { AnswerCache } from "./answer-cache.js";
import type { TokenPrice } from "./spending.js";

/** Options of a {@link ModelClient}. */
export interface ModelClientOptions {
  /**
   * Requests per minute, for each account that does not say; `Infinity` where there is no limit, as on a server of your
   * own. @default learned from the headers of responses
   */
  readonly rpm?: number | undefined;
  /**
   * Tokens per minute, of prompts and answers together, for each account that does not say; `Infinity` likewise, and then,
   * where `rpm` is given too, the first request does not go alone. @default learned likewise
   */
  readonly tpm?: number | undefined;
  /** The most requests at once, for each account that does not say. @default 64 */
  readonly concurrency?: number | undefined;
  /** Limits of your own, shared by all accounts; one with the key `"calls"` or `"tokens"` takes the place of ours. */
  readonly limits?: readonly Limit[] | undefined;
  /** Which account is asked first. @default "round-robin" */
  readonly loadBalancing?: LimitPoolBalancing | undefined;
  /**
   * When a request is made again. @default whatever may pass by itself, 10 times, after 0.1, 0.2, 0.4, … s, up to half of
   * that less, at most 30 s, and not before the server's `Retry-After`
   */
  readonly retry?: Partial<RetryOptions> | undefined;
  /** How long one attempt may take, in ms. @default 600,000 */
  readonly timeout?: number | undefined;
  /**
   * Counts the tokens of a prompt, as a tokenizer does. @default a quarter of its characters, corrected by what answers say
   */
  readonly estimate?: ((request: ModelRequest) => number) | undefined;
  /** Whether identical requests under way are sent once. @default false */
  readonly coalesce?: boolean | undefined;
  /** Keeps answers: `true` for the last 10,000 in memory, or a cache of your own. @default none */
  readonly cache?: AnswerCache | boolean | undefined;
  /** What a million tokens cost. */
  readonly price?: TokenPrice | undefined;
  /** Once answers have cost so much, no more are asked for; needs `price`. @default unlimited */
  readonly maxCost?: number | undefined;
  /** What was spent before, which counts towards `maxCost`. @default 0 */
  readonly spent?: number | undefined;
  /** Tells a failure after which an account has nothing left to spend, where the usual codes do not. */
  readonly isQuota?: ((failure: Failure) => boolean) | undefined;
}

/** Options with every default filled in. */
export interface ResolvedClient {
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
  readonly concurrency: number;
  readonly limits: readonly Limit[];
  readonly loadBalancing: LimitPoolBalancing;
  readonly retry: Partial<RetryOptions> | undefined;
  readonly timeout: number;
  readonly estimate: ((request: ModelRequest) => number) | undefined;
  readonly coalesce: boolean;
  readonly cache: AnswerCache | boolean;
  readonly price: TokenPrice | undefined;
  readonly maxCost: number | undefined;
  readonly spent: number;
  readonly isQuota: (failure: Failure) => boolean;
}

/** The names of the options, for whoever passes them on. */
export const CLIENT_OPTIONS: Readonly<Record<keyof ModelClientOptions, true>> = {
  rpm: true,
  tpm: true,
  concurrency: true,
  limits: true,
  loadBalancing: true,
  retry: true,
  timeout: true,
  estimate: true,
  coalesce: true,
  cache: true,
  price: true,
  maxCost: true,
  spent: true,
  isQuota: true,
};

const BALANCINGS: readonly LimitPoolBalancing[] = ["round-robin", "random", "least-used"];
const CONCURRENCY = 64;
const TIMEOUT = 600_000;

/** @throws {TypeError | RangeError} naming the option, its value, and what it must be */
export function resolveClient(options: ModelClientOptions): ResolvedClient {
  checkFields("ModelClient", options, Object.keys(CLIENT_OPTIONS));
  const { estimate, isQuota, cache = false, price, maxCost, limits = [] } = options;
  checkLimits(limits);
  if (estimate !== undefined) checkFunction("estimate", estimate);
  if (isQuota !== undefined) checkFunction("isQuota", isQuota);
  if (typeof cache !== "boolean" && !isCache(cache)) {
    throw new TypeError(`Cannot set 'cache' as it must be true, or have get and set: current value is ${show(cache)}`);
  }
  checkFlag("coalesce", options.coalesce);
  if (price !== undefined) checkPrice(price);
  if (maxCost !== undefined && price === undefined) {
    throw new TypeError(`Cannot set 'maxCost' as nothing says what tokens cost: set 'price' as well`);
  }
  return {
    rpm: perMinute("rpm", options.rpm),
    tpm: perMinute("tpm", options.tpm),
    concurrency: atOnce("concurrency", options.concurrency) ?? CONCURRENCY,
    limits,
    loadBalancing: oneOf("loadBalancing", options.loadBalancing ?? "round-robin", BALANCINGS),
    retry: options.retry,
    timeout: duration("timeout", options.timeout ?? TIMEOUT),
    estimate,
    coalesce: options.coalesce ?? false,
    cache,
    price,
    maxCost: maxCost === undefined ? undefined : notNegative("maxCost", maxCost),
    spent: notNegative("spent", options.spent ?? 0),
    isQuota: isQuota ?? (() => false),
  };
}

/** @throws {RangeError} unless it is a number above 0, Infinity among them, or undefined */
export function perMinute(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (typeof value === "number" && value > 0)) return value;
  throw new RangeError(`Cannot set '${name}' as it must be a number above 0: current value is ${show(value)}`);
}

/** @throws {RangeError} unless it is an integer from 1 on, or undefined */
export function atOnce(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return value;
  throw new RangeError(`Cannot set '${name}' as it must be a positive integer: current value is ${show(value)}`);
}

function notNegative(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(`Cannot set '${name}' as it must be a finite number from 0 on: current value is ${show(value)}`);
}

function checkPrice(price: TokenPrice): void {
  checkFields("price", price, ["input", "output", "cached"]);
  notNegative("price.input", price.input);
  notNegative("price.output", price.output);
  if (price.cached !== undefined) notNegative("price.cached", price.cached);
}

function isCache(value: unknown): value is AnswerCache {
  const { get, set } = (value ?? {}) as Partial<AnswerCache>;
  return typeof get === "function" && typeof set === "function";
}
