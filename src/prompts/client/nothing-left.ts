import { QuotaExceededError } from "../../errors.js";

/** What everybody is told once no account has anything left to spend. */
export function nothingLeft(model: string, { message, cause }: { message: string; cause: unknown }): Error {
  // In one sentence: what failed is told already.
  const reason = message.replace(`Cannot ask '${model}' as `, "");
  return new QuotaExceededError(`Cannot ask '${model}' for more as no account has anything left to spend: ${reason}`, {
    cause,
  });
}
