import { show } from "./show.js";

/** @throws {TypeError} when it is given and neither true nor false */
export function checkFlag(name: string, flag: boolean | undefined): void {
  if (flag === undefined || typeof flag === "boolean") return;
  throw new TypeError(`Cannot set '${name}' as it must be true or false: current value is ${show(flag)}`);
}
