/** Futures, promises and values that a test settles when it wants to. */
import { Future } from "manyhands";
import { type FutureSource, settle } from "../../dist/future/future.js";

class TestSource implements FutureSource {
  readonly id = "test:1";
  readonly label = "Test.run";
  readonly isRunning = true;
  readonly worker = undefined;
  readonly attempts = 1;
  readonly timings = { submittedAt: 0, waited: 0, ran: undefined };
  readonly progress = undefined;
  readonly reasons: unknown[] = [];
  future: Future<unknown> | undefined;

  cancel(reason: unknown): void {
    this.reasons.push(reason);
    settle(this.future!, "cancelled", reason);
  }

  onProgress(): void {}
}

/** A future, or a promise, and what settles it. */
export interface Open<T> {
  readonly item: Future<T> | Promise<T>;
  readonly reasons: readonly unknown[];
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function openFuture<T>(): Open<T> & { readonly item: Future<T> } {
  const source = new TestSource();
  const item = new Future<T>(source);
  source.future = item as Future<unknown>;
  return {
    item,
    reasons: source.reasons,
    resolve: (value) => settle(item as Future<unknown>, "done", value),
    reject: (error) => settle(item as Future<unknown>, "failed", error),
  };
}

export function openPromise<T>(): Open<T> & { readonly item: Promise<T> } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const item = new Promise<T>((...settlers) => ([resolve, reject] = settlers));
  return { item, reasons: [], resolve, reject };
}

/** Both kinds, for `describe.each`. */
export const KINDS: readonly (readonly [kind: string, open: <T>() => Open<T>])[] = [
  ["futures", openFuture],
  ["promises", openPromise],
];
