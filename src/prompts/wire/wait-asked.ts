import { believableWait } from "../../limits/headers/believable-wait.js";
import { type HeadersLike, headerLines } from "../../limits/headers/header-lines.js";
import { readDuration } from "../../limits/headers/read-duration.js";
import { retryAfterHeader } from "../../limits/headers/retry-after-header.js";
import { separateBudgets } from "../../limits/headers/separate-budgets.js";

/** "Please try again in 6m0s", "Please retry after 26 seconds", "Please retry in 34.07s". */
const PROSE = /\b(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)? ?[a-zµμ]+ ?)+)/i;
const UNIT = / ?(milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?) ?/gi;

/**
 * How long the server of a failed request asks to wait, in ms: by `retry-after-ms` and `retry-after`, else in prose, else
 * until what is used up is there again.
 *
 * @param kind - the type of a rate limit error, `"tokens"` or `"requests"`, where the headers do not say what is used up
 * @param wallNow - ms since 1970
 */
export function waitAsked(
  headers: HeadersLike | undefined,
  text: string,
  kind: string | undefined,
  wallNow: number,
): number | undefined {
  const lines = headerLines(headers ?? {});
  return retryAfterHeader(lines, wallNow) ?? waitInProse(text) ?? untilReset(lines, kind, wallNow);
}

function waitInProse(text: string): number | undefined {
  const found = PROSE.exec(text)?.[1];
  if (found === undefined) return undefined;
  const words = found.replaceAll(UNIT, (_, unit: string) => (/^mil/i.test(unit) ? "ms" : unit[0]!.toLowerCase()));
  // What follows may begin like a unit: "in 20s on tokens" is read up to there.
  const whole = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d))+/.exec(words.replaceAll(/(\d) (?=[a-zµμ])/g, "$1"))?.[0];
  return whole === undefined ? undefined : believableWait(readDuration(whole));
}

function untilReset(
  lines: ReturnType<typeof headerLines>,
  kind: string | undefined,
  wallNow: number,
): number | undefined {
  const budgets = separateBudgets(lines, wallNow);
  const empty = budgets.filter((budget) => budget.remaining === 0);
  const meant = empty.length > 0 ? empty : budgets.filter((budget) => budget.key !== undefined && budget.key === kind);
  const waits = meant.flatMap((budget) => budget.resetAfter ?? []);
  return waits.length === 0 ? undefined : Math.max(...waits);
}
