import { requireOptional } from "../../config/optional-package.js";
import type { HeaderLines } from "./header-lines.js";
import { earlyDraftBudgets } from "./separate-budgets.js";
import { type ServerBudget, toBudgets } from "./server-budget.js";

/** What is used of the package `structured-headers`, which reads the syntax of RFC 9651. */
export interface StructuredHeaders {
  parseList(text: string): readonly (readonly [value: unknown, parameters: ReadonlyMap<string, unknown>])[];
  parseDictionary(text: string): ReadonlyMap<string, readonly [value: unknown, parameters: unknown]>;
  readonly Token: new (value: string) => { toString(): string };
}

/**
 * The budgets in the headers of draft-ietf-httpapi-ratelimit-headers: `ratelimit` and `ratelimit-policy` as in draft 10
 * and as in draft 7, and the `ratelimit-limit`, `ratelimit-remaining` and `ratelimit-reset` of the drafts before.
 *
 * A policy is joined to what is left of it; one of which the server does not say what is left stands by itself.
 *
 * @param wallNow ms since 1970
 * @throws {MissingPackageError} when there is a `ratelimit` or `ratelimit-policy` header, and `structured-headers` is
 *   not installed
 */
export function ietfBudgets(lines: HeaderLines, wallNow: number): ServerBudget[] {
  const policies = parseWith(lines.get("ratelimit-policy"), readPolicies);
  const current = parseWith(lines.get("ratelimit"), readCurrent);
  const left = current.length > 0 ? current : earlyDraftBudgets(lines, wallNow);
  const joined = new Set<ServerBudget>();
  const budgets = left.map((budget) => {
    const policy = policyOf(budget, policies);
    if (!policy) return budget;
    joined.add(policy);
    return {
      ...budget,
      key: policy.key,
      ...(policy.unit !== undefined && { unit: policy.unit }),
      limit: budget.limit ?? policy.limit,
      window: budget.window ?? policy.window,
    };
  });
  return [...budgets, ...policies.filter((policy) => !joined.has(policy))];
}

/** By the name; where there is none by the limit, and a single policy is that of whatever is left. */
function policyOf(budget: ServerBudget, policies: readonly ServerBudget[]): ServerBudget | undefined {
  if (budget.key !== undefined) return policies.find(({ key }) => key === budget.key);
  return policies.find(({ limit }) => limit === budget.limit) ?? (policies.length === 1 ? policies[0] : undefined);
}

/** Loads the parser only for a header that is there, and gives nothing for one that it refuses. */
function parseWith(
  values: readonly string[] | undefined,
  read: (text: string, parser: StructuredHeaders) => ServerBudget[],
): ServerBudget[] {
  const text = values?.join(", ");
  if (!text) return [];
  const parser = requireOptional<StructuredHeaders>("structured-headers", "read the RateLimit header");
  try {
    return read(text, parser);
  } catch {
    return [];
  }
}

/** `"burst";q=100;w=60` in draft 10, `100;w=60` in draft 7 and before. */
function readPolicies(text: string, parser: StructuredHeaders): ServerBudget[] {
  return parser.parseList(text).flatMap(([value, parameters]) => {
    const key = nameOf(value, parser);
    const limit = numberOf(key === undefined ? value : parameters.get("q"));
    const window = secondsOf(parameters.get("w"));
    const unit = key === undefined ? undefined : (nameOf(parameters.get("qu"), parser) ?? UNIT);
    return toBudgets({ key, unit, limit, remaining: undefined, resetAfter: undefined, window });
  });
}

/** `"burst";r=50;t=30` in draft 10, `limit=100, remaining=50, reset=30` in draft 7. */
function readCurrent(text: string, parser: StructuredHeaders): ServerBudget[] {
  return MEMBER.test(text) ? readMembers(text, parser) : readItems(text, parser);
}

/** What a policy counts that does not say (draft 10, section 3.1.1). */
const UNIT = "requests";

/** How a dictionary begins, and no list: "limit=". */
const MEMBER = /^\w+=/;

function readItems(text: string, parser: StructuredHeaders): ServerBudget[] {
  return parser.parseList(text).flatMap(([value, parameters]) => {
    const key = nameOf(value, parser);
    if (key === undefined) return [];
    const [remaining, resetAfter] = [numberOf(parameters.get("r")), secondsOf(parameters.get("t"))];
    return toBudgets({ key, unit: UNIT, limit: undefined, remaining, resetAfter, window: undefined });
  });
}

function readMembers(text: string, parser: StructuredHeaders): ServerBudget[] {
  const members = parser.parseDictionary(text);
  const [limit, remaining] = [numberOf(members.get("limit")?.[0]), numberOf(members.get("remaining")?.[0])];
  const resetAfter = secondsOf(members.get("reset")?.[0]);
  return toBudgets({ key: undefined, limit, remaining, resetAfter, window: undefined });
}

/** A name is text in quotes, or bare as some servers have it. */
function nameOf(value: unknown, parser: StructuredHeaders): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof parser.Token ? value.toString() : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** In ms. */
function secondsOf(value: unknown): number | undefined {
  return typeof value === "number" ? value * 1000 : undefined;
}
