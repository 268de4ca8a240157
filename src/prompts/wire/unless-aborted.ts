import { onAbort } from "../../config/on-abort.js";

/**
 * The outcome of some work, unless the signal fires before: work that heeds no signal is then not waited for.
 *
 * @throws whatever the work rejects with, or the reason of the signal
 */
export async function unlessAborted<T>(signal: AbortSignal, work: PromiseLike<T>): Promise<T> {
  let stopListening = (): void => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      stopListening = onAbort(signal, (reason) => reject(reason as Error));
      if (signal.aborted) reject(signal.reason as Error);
      work.then(resolve, reject);
    });
  } finally {
    stopListening();
  }
}
