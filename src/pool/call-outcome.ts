import { TimeoutError } from "../errors.js";
import type { Outcome } from "../limits/limit.js";
import type { Call } from "./call.js";

const OVERLOADED: readonly unknown[] = [429, 503, 529];

/** What the end of a call says to a limit that adapts: what its caller saw, where it is over, counts. */
export function outcomeOf(call: Call, status: "done" | "failed" | undefined, outcome: unknown): Outcome {
  const { seen } = call;
  if (!seen) return status === "done" ? "success" : outcomeOfError(outcome);
  return seen.status === "done" ? "success" : outcomeOfError(seen.error);
}

/** What an error says to a limit that adapts. */
export function outcomeOfError(error: unknown): Outcome {
  const { status, statusCode, code } = (error ?? {}) as Record<string, unknown>;
  const isOverload = OVERLOADED.includes(status) || OVERLOADED.includes(statusCode);
  return isOverload || error instanceof TimeoutError || code === "ETIMEDOUT" ? "dropped" : "ignored";
}
