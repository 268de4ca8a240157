/**
 * Calls a listener of the user's; what it throws is thrown in a turn of its own, as an uncaught exception, so that it does
 * not keep whoever tells it from going on.
 */
export function callSafely<T>(listener: (event: T) => void, event: T): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
