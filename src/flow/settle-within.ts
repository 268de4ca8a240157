import type { Clock } from "../config/monotonic.js";

/**
 * Calls a function and settles as what it returns does, or rejects when that takes longer than `ms` ms.
 *
 * @param tooLate - makes the error of that
 */
export async function settleWithin<T>(
  ms: number,
  clock: Clock,
  fn: () => T | PromiseLike<T>,
  tooLate: () => Error,
): Promise<T> {
  if (ms === Number.POSITIVE_INFINITY) return fn();
  let forget: (() => void) | undefined;
  try {
    const late = new Promise<never>((_resolve, reject) => {
      forget = clock.after(ms, () => reject(tooLate()));
    });
    return await Promise.race([fn(), late]);
  } finally {
    forget?.();
  }
}
