import { afterAll } from "vitest";

/**
 * One pool for all tests of a block that do no more than call it: opened by the first of them, stopped after the last. To
 * start a worker costs more than most tests do.
 */
export function sharedPool<P extends AsyncDisposable>(open: () => P): () => P {
  let pool: P | undefined;
  afterAll(async () => {
    await pool?.[Symbol.asyncDispose]();
  });
  return () => (pool ??= open());
}
