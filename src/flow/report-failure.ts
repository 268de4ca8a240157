import { callSafely } from "../config/call-safely.js";
import type { ResolvedResourcePool, ResourceFailure } from "./resource-pool-options.js";

/**
 * Tells of a failure that nobody else is told of.
 *
 * @param isRepeated - whether it is one of many that follow each other: without a listener, only the first is told
 */
export function reportFailure<T>(
  { onError, subject }: Pick<ResolvedResourcePool<T>, "onError" | "subject">,
  failure: ResourceFailure,
  isRepeated = false,
): void {
  if (onError) return callSafely(onError, failure);
  if (isRepeated) return;
  const { error, during } = failure;
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`Cannot ${during} ${subject}: ${detail}`, { type: "ResourcePoolWarning" });
}
