/** The options of retries: their meaning, their defaults, and what is refused. */
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import { closest } from "../config/closest.js";
import { duration } from "../config/duration.js";
import { type Backoff, BACKOFFS } from "./backoff.js";
import { RetryBudget } from "./budget.js";
import type { RetryOn } from "./retry-on.js";
import { isSchema, type RetryUntil } from "./retry-until.js";

/** How many retries all calls together may cause. */
export interface RetryBudgetOptions {
  /** Retries for each call that was made in the last 10 s: with 0.2 one call in five may be repeated. */
  ratio: number;
  /**
   * Retries per second that are allowed however few calls there are, to be had at once: 10 means 100 in any 10 s.
   * Default: 10, as in Finagle and tower.
   */
  min?: number | undefined;
}

/**
 * When a call is made again, and after how long.
 *
 * All attempts are one call with one future, one timeout and one id. In mode `sync` a future is pending while its call
 * waits to be made again, also where the method is synchronous. A stream is made again only before its first item came;
 * a call whose arguments were handed over (`transfer`) is not, as they are gone.
 */
export interface RetryOptions {
  /** Attempts beyond the first; `Infinity` for as many as its timeout leaves time for. */
  retries: number;
  /**
   * Error classes and predicates: an error is retried when one of them matches; with an empty list, none is. Errors of
   * this library, such as a `WorkerCrashedError`, match only their own classes and predicates, not `Error`; a cancelled
   * call and one of a stopped pool are never retried. When a predicate throws, the call fails with that error.
   *
   * Default: whatever the method throws, and no error of this library, as a call that was killed with its worker
   * may have done half of its work.
   */
  on?: RetryOn | readonly RetryOn[] | undefined;
  /**
   * What a result must satisfy: functions and Standard Schemas, asked in order as far as one refuses. A function refuses
   * with `false` or with the reason. The result stays as it is: what a schema would convert it to is not used. When one
   * of them throws, the call fails with that error. Default: anything is accepted.
   */
  until?: RetryUntil | readonly RetryUntil[] | undefined;
  /**
   * How the waits grow: `wait` times 1, 2, 4, 8, …; times 1, 2, 3, 4, …; times 1, 1, 2, 3, 5, …; or a function that
   * returns each wait in ms, to which `wait` and `jitter` do not apply. Default: `"exponential"`.
   */
  backoff?: Backoff | undefined;
  /**
   * The wait before the first retry, in ms. Default: 1,000, as in p-retry, node-retry and got; with full jitter the first
   * wait is then half a second on average.
   */
  wait?: number | undefined;
  /** The longest wait, in ms. Default: 30,000, or `wait` when that is longer; none when `backoff` is a function. */
  maxWait?: number | undefined;
  /**
   * The part of each wait that is random, so that calls that failed together do not come back together: a wait lasts
   * from 1 - `jitter` to 1 times what it would. `"full"` is 1. Default: `"full"`, which took the fewest calls in Marc
   * Brooker's "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
   */
  jitter?: "full" | number | undefined;
  /**
   * Whether a wait lasts at least as long as the error asks for (Retry-After), also beyond `maxWait`. Default: true.
   */
  honorRetryAfter?: boolean | undefined;
  /** Bounds the retries of all calls together, so that they do not finish off a service that is failing. Default: none. */
  budget?: RetryBudgetOptions | undefined;
}

/** Options with every default filled in. */
export interface ResolvedRetry {
  readonly retries: number;
  /** Without it, whatever the method throws. */
  readonly on: readonly RetryOn[] | undefined;
  readonly until: readonly RetryUntil[];
  readonly backoff: Backoff;
  readonly wait: number;
  readonly maxWait: number;
  readonly jitter: number;
  readonly honorRetryAfter: boolean;
  readonly budget: RetryBudget | undefined;
}

const RETRY_OPTIONS: Readonly<Record<keyof RetryOptions, true>> = {
  retries: true,
  on: true,
  until: true,
  backoff: true,
  wait: true,
  maxWait: true,
  jitter: true,
  honorRetryAfter: true,
  budget: true,
};

const BUDGET_OPTIONS: Readonly<Record<keyof RetryBudgetOptions, true>> = { ratio: true, min: true };

/**
 * Checks options and fills in the defaults.
 * @param path - what messages call the options, as in `methods.fetch.retry`
 * @throws {TypeError | RangeError} naming the option, its value, and what it must be
 */
export function resolveRetry(options: RetryOptions, path = "retry"): ResolvedRetry {
  checkFields(path, options, Object.keys(RETRY_OPTIONS));
  const backoff = checkBackoff(`${path}.backoff`, options.backoff ?? "exponential");
  const wait = duration(`${path}.wait`, options.wait ?? 1000);
  return {
    retries: checkRetries(`${path}.retries`, options.retries),
    on: options.on === undefined ? undefined : listOf(`${path}.on`, options.on, isRetryOn, ON),
    until: options.until === undefined ? [] : listOf(`${path}.until`, options.until, isRetryUntil, UNTIL),
    backoff,
    wait,
    maxWait: checkMaxWait(`${path}.maxWait`, options.maxWait, wait, backoff),
    jitter: checkJitter(`${path}.jitter`, options.jitter ?? "full"),
    honorRetryAfter: checkBoolean(`${path}.honorRetryAfter`, options.honorRetryAfter ?? true),
    budget: options.budget === undefined ? undefined : openBudget(`${path}.budget`, options.budget),
  };
}

const ON = "an error class or a function";
const UNTIL = "a function or a Standard Schema";

function isRetryOn(value: unknown): value is RetryOn {
  return typeof value === "function";
}

function isRetryUntil(value: unknown): value is RetryUntil {
  return typeof value === "function" || isSchema(value);
}

function listOf<T>(
  name: string,
  value: T | readonly T[],
  isOne: (value: unknown) => value is T,
  wanted: string,
): readonly T[] {
  // A copy: what the caller does to the list later has no effect.
  const list = Array.isArray(value) ? [...(value as readonly T[])] : [value as T];
  const wrong = list.findIndex((one) => !isOne(one));
  if (wrong === -1) return list;
  throw cannotSet(Array.isArray(value) ? `${name}[${wrong}]` : name, wanted, list[wrong]);
}

function checkRetries(name: string, value: number): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw outOfRange(name, "an integer of at least 0", value);
}

function checkBackoff(name: string, value: Backoff): Backoff {
  if (typeof value === "function" || BACKOFFS.includes(value)) return value;
  const hint = typeof value === "string" ? closest(value, BACKOFFS) : undefined;
  const wanted = `a function or one of ${BACKOFFS.map((item) => `'${item}'`).join(", ")}`;
  throw cannotSet(name, wanted, value, hint);
}

function checkMaxWait(name: string, value: number | undefined, wait: number, backoff: Backoff): number {
  const isFunction = typeof backoff === "function";
  if (value === undefined) return isFunction ? Number.POSITIVE_INFINITY : Math.max(30_000, wait);
  if (duration(name, value) >= wait || isFunction) return value;
  throw outOfRange(name, `at least as long as 'wait', which is ${wait}`, value);
}

function checkJitter(name: string, value: "full" | number): number {
  if (value === "full") return 1;
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  const wanted = "'full' or a number from 0 to 1";
  throw typeof value === "number" ? outOfRange(name, wanted, value) : cannotSet(name, wanted, value);
}

function checkBoolean(name: string, value: boolean): boolean {
  if (typeof value === "boolean") return value;
  throw cannotSet(name, "a boolean", value);
}

function openBudget(path: string, options: RetryBudgetOptions): RetryBudget {
  checkFields(path, options, Object.keys(BUDGET_OPTIONS));
  return new RetryBudget(
    checkRate(`${path}.ratio`, options.ratio),
    options.min === undefined ? undefined : checkRate(`${path}.min`, options.min),
  );
}

function checkRate(name: string, value: number): number {
  if (typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY) return value;
  throw outOfRange(name, "a finite number of at least 0", value);
}

function cannotSet(name: string, wanted: string, value: unknown, hint?: string): TypeError {
  const suggestion = hint ? `, did you mean '${hint}'?` : "";
  const shown = show(value);
  return new TypeError(`Cannot set '${name}' as it must be ${wanted}: current value is ${shown}${suggestion}`);
}

function outOfRange(name: string, wanted: string, value: unknown): RangeError {
  return new RangeError(`Cannot set '${name}' as it must be ${wanted}: current value is ${show(value)}`);
}
