import type { ModelFailure } from "../../errors.js";
import type { ErrorBody } from "./read-error-body.js";

/** Codes and types of bodies that say the money is spent. */
const QUOTA_WORDS: ReadonlySet<string> = new Set([
  "insufficient_quota",
  "billing_hard_limit_reached",
  "billing_not_active",
  "billing_error",
]);

/**
 * The same in prose, of Anthropic and others. Not `exceeded your current quota`, which Google also says of a limit per
 * minute, nor `INSUFFICIENT QUOTA`, which Scaleway says of one that passes: `isQuota` of the client decides on those.
 */
const QUOTA_TEXT =
  /\binsufficient_quota\b|credit balance is too low|billing_hard_limit_reached|used all available credits/;

/** A request of more tokens than a whole minute has is turned away as a 429, and would be so for ever. */
const NEVER_FITS = /^request too large\b/i;

/** Types and codes of errors that come without a status, as those within a stream. */
const WORDS: ReadonlyMap<string, ModelFailure> = new Map([
  ["rate_limit_error", "rate-limit"],
  ["rate_limit_exceeded", "rate-limit"],
  ["too_many_requests", "rate-limit"],
  ["overloaded_error", "overloaded"],
  ["overloaded", "overloaded"],
  ["timeout_error", "timeout"],
  ["api_error", "server"],
  ["server_error", "server"],
  ["internal_server_error", "server"],
  ["invalid_request_error", "refused"],
  ["invalid_prompt", "refused"],
  ["authentication_error", "refused"],
  ["permission_error", "refused"],
  ["not_found_error", "refused"],
  ["request_too_large", "refused"],
  ["context_length_exceeded", "refused"],
]);

/** Statuses below 500 that pass by themselves: request timeout, conflict, too early. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 425]);

/**
 * What went wrong, by the status of a response and the body of its error.
 *
 * @param text - all that the server said in prose
 * @returns nothing where neither says it
 */
export function classify(status: number | undefined, body: ErrorBody, text: string): ModelFailure | undefined {
  const known = status ?? body.status;
  const words = [body.code, body.type].filter((word) => word !== undefined);
  const isQuota = words.some((word) => QUOTA_WORDS.has(word)) || QUOTA_TEXT.test(text);
  if (known === 402 || (isQuota && (known === undefined || known < 500))) return "quota";
  if (known === undefined) return words.map((word) => WORDS.get(word)).find((failure) => failure !== undefined);
  if (known === 429) return NEVER_FITS.test(body.message ?? "") ? "refused" : "rate-limit";
  if (known === 503 || known === 529 || words.includes("overloaded_error")) return "overloaded";
  if (PASSING.has(known) || known >= 500) return "server";
  return known < 300 ? "malformed" : "refused";
}
