import { show } from "./show.js";
import { closest } from "./closest.js";

/**
 * Returns a value that must be one of some words.
 *
 * @param name - what is set, as the message shall name it
 * @param action - what cannot be done, where it is not setting that
 * @throws {TypeError} naming what was to be set, the words, and the nearest of them
 */
export function oneOf<T extends string>(
  name: string,
  value: unknown,
  allowed: readonly T[],
  action = `set '${name}'`,
): T {
  const found = allowed.find((word) => word === value);
  if (found !== undefined) return found;
  const hint = closest(String(value), allowed);
  throw new TypeError(
    `Cannot ${action} as it must be one of ${listWords(allowed)}: current value is ${show(value)}` +
      (hint ? `, did you mean '${hint}'?` : ""),
  );
}

/** Words as a message lists them: `'sync', 'async'`. */
export function listWords(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(", ");
}
