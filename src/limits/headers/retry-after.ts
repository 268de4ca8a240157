import { types } from "node:util";
import { believableWait } from "./believable-wait.js";
import { type HeadersLike, headerLines } from "./header-lines.js";
import { readProperty } from "./read-property.js";
import { retryAfterHeader } from "./retry-after-header.js";
import { timeUntil } from "./time-until.js";

const DEEPEST_CAUSE = 5;

/**
 * How long an error asks to wait, in ms: the first that says so of `error.retryAfter` (seconds, as number or text, or a
 * `Date`), the headers `retry-after-ms` and `retry-after` in `error.headers` and in `error.response.headers`, and then
 * the same of its `cause`, at most five deep.
 *
 * Never throws, whatever the error is made of, and needs no optional package: budgets are not looked at.
 *
 * @param wallNow ms since 1970
 * @returns nothing when the error does not say
 */
export function retryAfterOf(error: unknown, wallNow: number): number | undefined {
  let current = error;
  // The bound on the depth is also what ends a circle of causes.
  for (let depth = 0; depth <= DEEPEST_CAUSE && isObject(current); depth += 1) {
    const response = readProperty(current, "response");
    const asked =
      readOwn(readProperty(current, "retryAfter"), wallNow) ??
      readIn(current, wallNow) ??
      (isObject(response) ? readIn(response, wallNow) : undefined);
    if (asked !== undefined) return asked;
    current = readProperty(current, "cause");
  }
  return undefined;
}

function readOwn(retryAfter: unknown, wallNow: number): number | undefined {
  if (types.isDate(retryAfter)) return believableWait(Date.prototype.getTime.call(retryAfter) - wallNow);
  if (typeof retryAfter === "number") return timeUntil(retryAfter, wallNow);
  return typeof retryAfter === "string" ? timeUntil(retryAfter.trim(), wallNow) : undefined;
}

function readIn(holder: object, wallNow: number): number | undefined {
  const headers = readProperty(holder, "headers");
  return isObject(headers) ? retryAfterHeader(headerLines(headers as HeadersLike), wallNow) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
