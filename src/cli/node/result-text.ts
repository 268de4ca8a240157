/** What a task returned, in few words: a log is not the place for all of it. */
import { inspect } from "node:util";
import { decode } from "../../distributed/tasks/decode.js";
import type { Json } from "../../distributed/tasks/encode.js";
import { oneLine, truncate } from "../../progress/display-width.js";

const WIDTH = 60;
/** Values in a result, and characters of a text, up to which it is read as what it was. */
const MOST_PARTS = 100;
const MOST_CHARACTERS = 1000;

/** @param json - the result as it is stored */
export function resultText(json: unknown): string {
  const value = partsOf(json, MOST_PARTS) >= 0 ? valueOf(json) : json;
  const shown = typeof value === "string" ? value.slice(0, MOST_CHARACTERS) : value;
  const text = inspect(shown, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 5,
    maxStringLength: 80,
  });
  return truncate(oneLine(text), WIDTH, "…");
}

function valueOf(json: unknown): unknown {
  try {
    return decode(json as Json);
  } catch {
    return json;
  }
}

/** What is left of an allowance; below zero when it does not do. */
function partsOf(json: unknown, allowed: number): number {
  if (typeof json === "string") return json.length > MOST_CHARACTERS ? -1 : allowed - 1;
  if (typeof json !== "object" || json === null) return allowed - 1;
  let left = allowed - 1;
  for (const part of Object.values(json)) {
    if (left < 0) return left;
    left = partsOf(part, left);
  }
  return left;
}
