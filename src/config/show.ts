import { inspect } from "node:util";

/** A value as messages show it: in one line, and no deeper than its own fields. */
export function show(value: unknown): string {
  // What a promise holds is nobody's business, nor what watches it.
  if (value instanceof Promise) return "a promise";
  return inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
}
