import { atLeastZero } from "./at-least-zero.js";
import { believableWait } from "./believable-wait.js";

/** What a server says of one of its limits; each part may be missing. */
export interface ServerBudget {
  /** What it counts, as the header names it: `"requests"`, `"tokens"`, the name of a policy. */
  readonly key: string | undefined;
  /** What is counted where `key` is but a name that the server gave: `"requests"`, or the unit of the policy. */
  readonly unit?: string | undefined;
  /** The most in one window. */
  readonly limit: number | undefined;
  /** What is left in this window. */
  readonly remaining: number | undefined;
  /** When the budget is whole again, in ms from now. */
  readonly resetAfter: number | undefined;
  /** The length of the window in ms: a policy tells it, and of a bucket the other numbers, where they fit. */
  readonly window: number | undefined;
}

/**
 * Makes a budget of the numbers as they were read, in a list of its own.
 *
 * The list is empty when there is no number, and when the limit is below zero, for so Azure says that there is no limit.
 */
export function toBudgets({ key, unit, limit, remaining, resetAfter, window }: ServerBudget): ServerBudget[] {
  if (limit !== undefined && limit < 0) return [];
  const budget: ServerBudget = {
    key,
    ...(unit !== undefined && { unit }),
    limit: atLeastZero(limit),
    remaining: atLeastZero(remaining),
    resetAfter: believableWait(resetAfter),
    // Nothing can be paced by a window that is empty.
    window: atLeastZero(window) || undefined,
  };
  const says = budget.limit !== undefined || budget.remaining !== undefined || budget.resetAfter !== undefined;
  return says ? [budget] : [];
}
