import { readProperty } from "./read-property.js";

/**
 * Anything that headers come as: `Headers` of fetch, a plain record (axios, the `string | string[] | undefined` of
 * Node), a `Map`, or pairs. Names in any case; a value that is neither text, a number nor a list of these is ignored.
 */
export type HeadersLike = Iterable<readonly [string, unknown]> | Readonly<Record<string, unknown>>;

/** The values of each header, trimmed, under its name in lower case. */
export type HeaderLines = ReadonlyMap<string, readonly string[]>;

/** Of all headers of a response these alone are read, which most responses have none of. */
const RELEVANT = /rate-?limit|retry-after/i;

/** Brings headers of any shape into one: those that speak of limits. What cannot be read is left out. */
export function headerLines(headers: HeadersLike): HeaderLines {
  const lines = new Map<string, string[]>();
  try {
    for (const [name, value] of pairsOf(headers)) {
      const key = name.trim().toLowerCase();
      const values = textsOf(value);
      if (values.length === 0) continue;
      const known = lines.get(key);
      if (known) known.push(...values);
      else lines.set(key, values);
    }
  } catch {
    // Foreign code may throw while it is walked through: what came before stands.
  }
  return lines;
}

function* pairsOf(headers: unknown): Generator<[name: string, value: unknown]> {
  if (typeof headers !== "object" || headers === null) return;
  if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<unknown>) {
      if (Array.isArray(pair) && isRelevant(pair[0])) yield [pair[0], pair[1]];
    }
  } else {
    for (const name of Object.keys(headers)) if (isRelevant(name)) yield [name, readProperty(headers, name)];
  }
}

function isRelevant(name: unknown): name is string {
  return typeof name === "string" && RELEVANT.test(name);
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value.trim()];
  if (typeof value === "number") return [String(value)];
  // Not deeper than one level: a list may hold itself.
  return Array.isArray(value) ? value.flatMap((one) => (Array.isArray(one) ? [] : textsOf(one))) : [];
}
