import { isCount } from "./checks.js";
import { finish } from "./finish.js";

/** What can be iterated through a bar. */
export type Source<T> = Iterable<T> | AsyncIterable<T>;

export function isSource<T>(source: unknown): source is Source<T> {
  const object = Object(source) as object;
  return Symbol.iterator in object || Symbol.asyncIterator in object;
}

/** How many items a source has, where it can tell without being iterated. */
export function sizeOf(source: unknown): number | undefined {
  // The length of a string does not count what iterating it gives.
  if (typeof source === "string") return undefined;
  const { length, size } = Object(source) as { length?: unknown; size?: unknown };
  if (isCount(length)) return length;
  return isCount(size) ? size : undefined;
}

/** What counts the items of a source. */
interface Counter {
  readonly done: number;
  readonly failures: number;
  advance(): void;
  succeed(): void;
  fail(): void;
  stop(): void;
}

/** Passes the items on, and counts each when the next one is asked for, unless it was counted meanwhile. */
export function* countItems<T>(source: Iterable<T>, counter: Counter): Generator<T, void, undefined> {
  let isOutside = false;
  try {
    for (const item of source) {
      const { done } = counter;
      isOutside = true;
      yield item;
      isOutside = false;
      if (counter.done === done) counter.advance();
    }
    finish(counter);
  } finally {
    // No more than a loop that is left, or an error of the source; of a bar that has ended, nothing.
    if (isOutside) counter.stop();
    else counter.fail();
  }
}

/** The same, for sources of either kind. */
export async function* countItemsAsync<T>(source: Source<T>, counter: Counter): AsyncGenerator<T, void, undefined> {
  let isOutside = false;
  try {
    for await (const item of source) {
      const { done } = counter;
      isOutside = true;
      yield item;
      isOutside = false;
      if (counter.done === done) counter.advance();
    }
    finish(counter);
  } finally {
    if (isOutside) counter.stop();
    else counter.fail();
  }
}
