import type { JsonObject } from "./format.js";

/** An object, or nothing. */
export function objectIn(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** The objects of a list; none where it is no list. */
export function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(objectIn).filter((one) => one !== undefined) : [];
}

/** A text that is not empty, or nothing. */
export function wordIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Whether a body tells of an error, as an object or in a text. */
export function tellsError({ error }: JsonObject): boolean {
  return objectIn(error) !== undefined || wordIn(error) !== undefined;
}

/** No prompt is so long, and no answer: who says so would have all others wait for hours. */
const MOST_TOKENS = 1e8;

/** A number of tokens, or nothing. */
export function countIn(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value <= MOST_TOKENS ? value : undefined;
}
