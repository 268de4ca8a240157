import { bucketWindow } from "./bucket-window.js";
import type { HeaderLines } from "./header-lines.js";
import { listItems } from "./list-items.js";
import { longestWait } from "./longest-wait.js";
import { readDuration } from "./read-duration.js";
import { readNumber } from "./read-number.js";
import { type ServerBudget, toBudgets } from "./server-budget.js";
import { timeUntil } from "./time-until.js";

/**
 * How servers name the headers that say one number each.
 *
 * Azure spells `x-ratelimit-` and `x-rate-limit-` in one and the same response, so these are one family. Discord says
 * `x-ratelimit-reset-after` beside `x-ratelimit-reset`: seconds from now, which do not depend on the clock here.
 */
const FAMILIES: readonly RegExp[] = [
  /^x-rate-?limit-(?<part>limit|remaining|reset-after|reset)(?:-(?<key>.+))?$/,
  /^anthropic-ratelimit-(?<key>.+)-(?<part>limit|remaining|reset)$/,
];

/** The three headers of the drafts of RateLimit up to the sixth. */
const EARLY_DRAFTS = /^ratelimit-(?<part>limit|remaining|reset)$/;

/** The window of "100;w=60", in seconds. */
const WINDOW = /;\s*w(?:indow)?=(\d+)/;

type Part = "limit" | "remaining" | "reset-after" | "reset";
type Parts = Partial<Record<Part, readonly string[]>>;

/**
 * The budgets of OpenAI, Azure, Anthropic, GitHub and others, who say limit, rest and reset in a header each.
 *
 * @param wallNow ms since 1970
 */
export function separateBudgets(lines: HeaderLines, wallNow: number): ServerBudget[] {
  return FAMILIES.flatMap((family) => budgetsOf(family, lines, wallNow));
}

/** The budget, at most one, in `ratelimit-limit`, `ratelimit-remaining` and `ratelimit-reset`. */
export function earlyDraftBudgets(lines: HeaderLines, wallNow: number): ServerBudget[] {
  return budgetsOf(EARLY_DRAFTS, lines, wallNow);
}

function budgetsOf(family: RegExp, lines: HeaderLines, wallNow: number): ServerBudget[] {
  const found = new Map<string | undefined, Parts>();
  for (const [name, values] of lines) {
    const groups = family.exec(name)?.groups as { readonly part: Part; readonly key?: string } | undefined;
    if (!groups) continue;
    const parts = found.get(groups.key) ?? {};
    parts[groups.part] = [...(parts[groups.part] ?? []), ...values];
    found.set(groups.key, parts);
  }
  return [...found].flatMap(([key, parts]) => budgetOf(key, parts, wallNow));
}

function budgetOf(key: string | undefined, parts: Parts, wallNow: number): ServerBudget[] {
  const limits = readCounts(parts.limit);
  const limit = limits[0]?.count;
  const remaining = readCounts(parts.remaining)[0]?.count;
  const until = (text: string): number | undefined => timeUntil(text, wallNow);
  const resetAfter = longestWait(parts["reset-after"], until) ?? longestWait(parts.reset, until);
  // In a list the first is the limit that counts now; the others describe the windows, this one's among them.
  const told = limits.find((one) => one.count === limit && one.window !== undefined)?.window;
  // Those that name what they count are buckets.
  const isBucket = told === undefined && key !== undefined;
  const window = isBucket ? bucketWindow(limit, remaining, resetAfter, isInSeconds(parts.reset)) : told;
  return toBudgets({ key, limit, remaining, resetAfter, window });
}

function isInSeconds(resets: readonly string[] = []): boolean {
  return listItems(resets).some((reset) => readDuration(reset) === undefined && !reset.includes("."));
}

interface Count {
  readonly count: number;
  /** In ms. */
  readonly window: number | undefined;
}

/** "100", or "100;w=60" as the early drafts have it. */
function readCounts(values: readonly string[] = []): Count[] {
  return listItems(values).flatMap((item) => {
    const count = readNumber(item.split(";", 1)[0]!.trim());
    const seconds = WINDOW.exec(item)?.[1];
    return count === undefined ? [] : [{ count, window: seconds === undefined ? undefined : Number(seconds) * 1000 }];
  });
}
