import { show } from "./show.js";
import { closest } from "./closest.js";

/** @throws {TypeError} naming what was to be set, when it is no object of names and values */
export function checkRecord(path: string, options: unknown): asserts options is object {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  throw new TypeError(`Cannot set '${path}' as it must be an object: current value is ${show(options)}`);
}

/**
 * Checks that options are an object, and that it has no others than these.
 *
 * @param path - what messages call the options, as in `methods.fetch.retry`
 * @throws {TypeError} naming the option, and the nearest one that there is
 */
export function checkFields(path: string, options: unknown, known: readonly string[]): void {
  checkRecord(path, options);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const hint = closest(name, known);
    throw new TypeError(
      `Cannot set '${path}.${name}' as there is no such option${hint ? `: did you mean '${hint}'?` : ""}`,
    );
  }
}
