/**
 * The way from the core to what is built on it: loaded when it is first used, and never by those who do not use it.
 *
 * The address is computed, so that no part of the core depends on what is outside of it.
 */
let distributed: Promise<object> | undefined;

/** Loads `manyhands/distributed`, once. The type is what the caller uses of it. */
export function loadDistributed<Door extends object>(): Promise<Door> {
  distributed ??= import(new URL("../distributed/door.js", import.meta.url).href) as Promise<object>;
  return distributed as Promise<Door>;
}
