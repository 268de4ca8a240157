/** A chain of causes is followed no further: it may be a circle. */
const DEEPEST = 16;

/**
 * Whether code that was cancelled with `reason` threw this because of it: the reason itself, an `AbortError` as APIs of the
 * platform throw, an error whose chain of causes ends in the reason, or an `AggregateError` of nothing else.
 */
export function isCancellation(error: unknown, reason: unknown, depth = 0): boolean {
  if (error === reason) return true;
  if (typeof error !== "object" || error === null || depth === DEEPEST) return false;
  if (error instanceof AggregateError) {
    return error.errors.length > 0 && error.errors.every((part) => isCancellation(part, reason, depth + 1));
  }
  const { name, cause } = error as { readonly name?: unknown; readonly cause?: unknown };
  if (depth === 0 && name === "AbortError") return true;
  return cause !== undefined && isCancellation(cause, reason, depth + 1);
}
