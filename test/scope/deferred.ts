/** A promise that a test settles. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let made: Deferred<T> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- tests reject with anything
    made = {
      resolve,
      reject,
      get promise() {
        return promise;
      },
    };
  });
  return made!;
}

/** A child that ends only when its signal fires, with its reason. */
export async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  throw signal.reason;
}
