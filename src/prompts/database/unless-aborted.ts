import { onAbort } from "../../config/on-abort.js";

/** As the promise settles, or rejects with the reason of the signal as soon as that fires; what goes on, goes on unheard. */
export async function unlessAborted<T>(promise: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let forget: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else forget = onAbort(signal, reject);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    forget?.();
  }
}
