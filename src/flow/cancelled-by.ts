import { onAbort } from "../config/on-abort.js";
import type { Future } from "../future/future.js";

/** The result of a future, which is cancelled when the signal fires. */
export async function cancelledBy(signal: AbortSignal, future: Future<unknown>): Promise<unknown> {
  if (signal.aborted) future.cancel(signal.reason);
  const forget = onAbort(signal, (reason) => future.cancel(reason));
  try {
    return await future;
  } finally {
    forget();
  }
}
