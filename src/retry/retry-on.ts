import { show } from "../config/show.js";
import { ManyhandsError } from "../errors.js";
import type { RetryContext } from "./backoff.js";

/** Matches an error by its class. */
export type RetryableClass = abstract new (...args: never[]) => Error;

/** Matches an error by looking at it. */
export type RetryPredicate = (context: RetryContext) => boolean;

/** Errors that are retried: those of a class, or those that a predicate returns true for. */
export type RetryOn = RetryableClass | RetryPredicate;

/** The caller, or the owner of the pool, wants no more of the call. */
const NEVER: ReadonlySet<string> = new Set(["MH_CANCELLED", "MH_POOL_STOPPED"]);

/**
 * Tells whether an error is one that is retried.
 *
 * @param on - see `RetryOptions`
 * @throws {TypeError} when a predicate returns anything but a boolean, such as a promise; and whatever it throws
 */
export function isRetryable(context: RetryContext, on: readonly RetryOn[] | undefined): boolean {
  const { error } = context;
  const isOurs = ManyhandsError.is(error);
  if (isOurs && NEVER.has(error.code)) return false;
  if (!on) return !isOurs;
  return on.some((entry) => (isErrorClass(entry) ? matches(error, isOurs, entry) : asks(entry, context)));
}

/** Tells a class of errors from a predicate. */
export function isErrorClass(entry: RetryOn): entry is RetryableClass {
  return entry === Error || entry.prototype instanceof Error;
}

/** `Error` stands for what methods throw: whoever lists it does not say that a crash is harmless to repeat. */
function matches(error: unknown, isOurs: boolean, errorClass: RetryableClass): boolean {
  return error instanceof errorClass && (!isOurs || isOurClass(errorClass));
}

function isOurClass(errorClass: RetryableClass): boolean {
  return errorClass === ManyhandsError || errorClass.prototype instanceof ManyhandsError;
}

function asks(predicate: RetryPredicate, context: RetryContext): boolean {
  const answer: unknown = predicate(context);
  if (typeof answer === "boolean") return answer;
  throw new TypeError(
    `Cannot decide on a retry of '${context.method}' as a predicate of 'on' must return a boolean: current value is ` +
      show(answer),
  );
}
