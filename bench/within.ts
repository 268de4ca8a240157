/**
 * Waits no longer than `ms`: peers are known to hang.
 * @throws what the promise rejects with, or an `Error` saying that it took too long to do `what`
 */
export async function within<T>(ms: number, what: string, promise: T | PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Cannot ${what} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
