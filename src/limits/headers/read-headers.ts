import { type HeadersLike, headerLines } from "./header-lines.js";
import { ietfBudgets } from "./ietf-budgets.js";
import { retryAfterHeader } from "./retry-after-header.js";
import { separateBudgets } from "./separate-budgets.js";
import type { ServerBudget } from "./server-budget.js";

export type { HeadersLike, ServerBudget };

/** What a server says of when to call it again, and of how much it takes. */
export interface ServerAdvice {
  /** How long it asks to wait, in ms from now. */
  readonly retryAfter: number | undefined;
  /** One for each limit it tells of. */
  readonly budgets: readonly ServerBudget[];
}

const NO_ADVICE: ServerAdvice = { retryAfter: undefined, budgets: [] };

/**
 * Reads what the headers of a response say of the server's limits.
 *
 * Takes `retry-after-ms` and `retry-after`; `x-ratelimit-*` with a suffix (OpenAI, Azure) and without (GitHub);
 * `anthropic-ratelimit-*`; `ratelimit` and `ratelimit-policy` (draft-ietf-httpapi-ratelimit-headers, 10 and 7), and
 * `ratelimit-limit`, `-remaining` and `-reset` of earlier drafts. What cannot be read, or is further away than a month, is
 * left out: every number is finite and not below zero, and no wait longer than a day.
 *
 * @param wallNow the time of the wall clock, in ms since 1970: some headers say when, not how long
 * @throws {MissingPackageError} when there is a `ratelimit` or `ratelimit-policy` header, and the optional package
 *   `structured-headers` is not installed
 */
export function readHeaders(headers: HeadersLike, wallNow: number): ServerAdvice {
  const lines = headerLines(headers);
  if (lines.size === 0) return NO_ADVICE;
  return {
    retryAfter: retryAfterHeader(lines, wallNow),
    budgets: [...separateBudgets(lines, wallNow), ...ietfBudgets(lines, wallNow)],
  };
}
