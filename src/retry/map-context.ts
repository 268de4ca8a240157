import type { RetryContext } from "./backoff.js";
import type { RetryOptions } from "./options.js";
import { isErrorClass, type RetryOn } from "./retry-on.js";
import { isSchema, type ResultValidator, type RetryUntil } from "./retry-until.js";

/** What all functions among the options of retries are told of a call. */
export type CallFacts = Pick<RetryContext, "method" | "args">;

/**
 * The same options, whose functions are told something else of the call: what the user knows of it, where the method
 * that runs is one of ours. What is not valid stays as it is, and is refused where options are checked.
 */
export function mapRetryContext(
  options: RetryOptions | undefined,
  map: (facts: CallFacts) => CallFacts,
): RetryOptions | undefined {
  if (typeof options !== "object" || options === null) return options;
  const { on, until, backoff } = options;
  const mapOn = (entry: RetryOn): RetryOn => {
    if (typeof entry !== "function" || isErrorClass(entry)) return entry;
    return (context) => entry({ ...context, ...map(context) });
  };
  const mapUntil = (entry: RetryUntil): RetryUntil => {
    if (typeof entry !== "function" || isSchema(entry)) return entry;
    const mapped: ResultValidator = (result, context) => entry(result, { ...context, ...map(context) });
    // Refusals name it.
    return Object.defineProperty(mapped, "name", { value: entry.name });
  };
  return {
    ...options,
    ...(on !== undefined && { on: mapEach(on, mapOn) }),
    ...(until !== undefined && { until: mapEach(until, mapUntil) }),
    ...(typeof backoff === "function" && {
      backoff: (context: RetryContext) => backoff({ ...context, ...map(context) }),
    }),
  };
}

function mapEach<T>(value: T | readonly T[], map: (entry: T) => T): T | readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]).map(map) : map(value as T);
}
