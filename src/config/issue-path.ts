import type { PathSegment } from "./standard-schema.js";

/** Segments that are printed at most: a longer path helps nobody. */
const DEEPEST_PATH = 50;

/** Characters of a key that are printed at most, as keys come from the value, which may be huge. */
const LONGEST_KEY = 64;

/**
 * Prints where an issue is, as one would write it in code: `args[0].text`, `result["content-type"]`.
 *
 * @param root - the name of the whole value
 */
export function issuePath(root: string, segments: readonly PathSegment[]): string {
  const steps = segments.slice(0, DEEPEST_PATH).map((segment) => step(keyOf(segment)));
  return root + steps.join("") + (segments.length > DEEPEST_PATH ? "…" : "");
}

function keyOf(segment: unknown): unknown {
  return typeof segment === "object" && segment !== null ? (segment as { readonly key?: unknown }).key : segment;
}

/** Keys are those of the standard, or else, as valibot has it for a Map, of any type. */
function step(key: unknown): string {
  switch (typeof key) {
    case "string":
      return stringStep(key);
    case "number":
      return `[${key}]`;
    case "symbol":
      return `[Symbol(${shorten(key.description ?? "")})]`;
    default:
      return `[${key === null ? "null" : typeof key}]`;
  }
}

function stringStep(key: string): string {
  const short = shorten(key);
  const isIdentifier = short === key && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key);
  return isIdentifier ? `.${key}` : `[${JSON.stringify(short)}]`;
}

function shorten(text: string): string {
  return text.length > LONGEST_KEY ? `${text.slice(0, LONGEST_KEY)}…` : text;
}
