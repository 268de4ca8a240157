import { show } from "./show.js";

/**
 * Returns a signal, or nothing where none was given.
 * @throws {TypeError} naming what was to be set, and to what
 */
export function abortSignal(name: string, value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw new TypeError(`Cannot set '${name}' as it must be an AbortSignal: current value is ${show(value)}`);
}
