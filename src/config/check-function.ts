import { show } from "./show.js";

/** @throws {TypeError} naming what was to be set, and to what */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new TypeError(`Cannot set '${name}' as it must be a function: current value is ${show(value)}`);
}
