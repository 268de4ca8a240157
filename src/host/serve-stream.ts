/** Runs a generator in its worker, as far ahead of its consumer as was agreed. */
import { CancelledError, SerializationError } from "../errors.js";

/** How the caller steers a stream that is running. */
export interface StreamControl {
  /** The consumer took `count` items. */
  pull(count: number): void;
  /** The consumer wants no more: ends the generator at its current `yield`, and runs its `finally`. */
  close(): void;
}

export interface StreamHost {
  readonly readAhead: number;
  emit(items: unknown[]): void;
  /** Fires the signal of the call. */
  abort(reason: unknown): void;
  /** Runs one step of the generator as part of the call. */
  step<T>(step: () => T): T;
  ended(isFailed: boolean, value: unknown): void;
}

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

export function isIterator(value: unknown): value is AnyIterator {
  if (typeof value !== "object" || value === null) return false;
  const candidate = value as { next?: unknown; [Symbol.asyncIterator]?: unknown; [Symbol.iterator]?: unknown };
  return (
    typeof candidate.next === "function" &&
    (typeof candidate[Symbol.asyncIterator] === "function" || typeof candidate[Symbol.iterator] === "function")
  );
}

/** Begins to serve what a streaming method returned; `host.ended` is called exactly once. */
export function serveStream(result: unknown, host: StreamHost): StreamControl {
  let credit = host.readAhead;
  let isClosed = false;
  let wake: (() => void) | undefined;

  const run = async (): Promise<void> => {
    const iterator = toIterator(await result);
    try {
      while (!isClosed) {
        if (credit === 0) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        const { value, done } = await host.step(() => iterator.next());
        if (done) return;
        if (isClosed) break;
        credit -= 1;
        host.emit([value]);
      }
      await host.step(() => iterator.return?.());
    } catch (error) {
      // What a generator throws when it is closed because its signal fired is the abort it was told of.
      if (isClosed && isAbort(error)) return;
      throw error;
    }
  };

  void run().then(
    () => host.ended(false, undefined),
    (error: unknown) => host.ended(true, error),
  );

  return {
    pull(count) {
      credit += count;
      wake?.();
      wake = undefined;
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      // A generator that awaits something ends no sooner than that does: the signal lets it stop waiting.
      host.abort(new CancelledError("The stream is no longer read"));
      wake?.();
      wake = undefined;
    },
  };
}

function toIterator(value: unknown): AnyIterator {
  if (typeof value === "object" && value !== null) {
    const iterable = value as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
    if (typeof iterable[Symbol.asyncIterator] === "function") return iterable[Symbol.asyncIterator]!();
    if (typeof iterable[Symbol.iterator] === "function") return iterable[Symbol.iterator]!();
  }
  throw new SerializationError("Cannot stream the result as it is not iterable", "result");
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
