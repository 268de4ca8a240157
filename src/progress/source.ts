import { isCount } from "./checks.js";

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
