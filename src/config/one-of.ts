import { closest } from "./closest.js";

/**
 * Returns a value that must be one of some words.
 *
 * @param name - what is set, as the message shall name it
 * @throws {TypeError} naming what was to be set, the words, and the nearest of them
 */
export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === value);
  if (found !== undefined) return found;
  const hint = closest(String(value), allowed);
  throw new TypeError(
    `Cannot set '${name}' as it must be one of ${listWords(allowed)}: current value is '${String(value)}'` +
      (hint ? `, did you mean '${hint}'?` : ""),
  );
}

/** Words as a message lists them: `'sync', 'async'`. */
export function listWords(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(", ");
}
