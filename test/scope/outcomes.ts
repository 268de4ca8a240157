import { expect } from "vitest";

/** What a promise rejects with. */
export async function reasonOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It did not reject");
}

/** What is in the `AggregateError` that a promise rejects with. */
export async function errorsOf(promise: PromiseLike<unknown>): Promise<unknown[]> {
  const error = await reasonOf(promise);
  expect(error).toBeInstanceOf(AggregateError);
  return (error as AggregateError).errors;
}

/** Lets all that is ready go on. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
