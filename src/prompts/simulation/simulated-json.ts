/** JSON as a model gives it that is asked for some: a value that fits a schema, as far as it is one of the usual ones. */
import type { JsonObject } from "./dialect.js";
import { draw } from "./random.js";
import { isObject } from "./read-body.js";

/** Schemas that contain themselves are followed no deeper. */
const DEEPEST = 8;
/** And no wider: of such a schema there is no end. */
const MOST_VALUES = 2000;
const CHOICE = 606;

/**
 * A value for a schema, as text; for one that says nothing an object with the text.
 *
 * @param text - what stands where a text is wanted
 * @param hash - what is drawn for
 */
export function simulatedJson(schema: JsonObject, text: string, hash: number): string {
  if (Object.keys(schema).length === 0) return JSON.stringify({ simulated: true, text });
  return JSON.stringify(valueFor(schema, { root: schema, text, hash, left: MOST_VALUES }, 0));
}

interface Making {
  readonly root: JsonObject;
  readonly text: string;
  readonly hash: number;
  /** How many values there may still be. */
  left: number;
}

function valueFor(given: unknown, making: Making, depth: number): unknown {
  const schema = resolve(given, making.root);
  making.left -= 1;
  if (!schema || depth > DEEPEST || making.left < 0) return null;
  if ("const" in schema) return schema["const"];
  const { enum: choices, anyOf, oneOf, allOf, type, properties, items } = schema;
  const alternatives = [anyOf, oneOf, allOf].find(Array.isArray) as unknown[] | undefined;
  if (Array.isArray(choices)) return choices[Math.floor(draw(making.hash, CHOICE + depth) * choices.length)];
  if (alternatives)
    return valueFor(
      alternatives.find((one) => !isNull(one)),
      making,
      depth + 1,
    );
  const kind = Array.isArray(type) ? type.find((one) => one !== "null") : type;
  switch (kind ?? (isObject(properties) ? "object" : undefined)) {
    case "object":
      return Object.fromEntries(
        Object.entries(isObject(properties) ? properties : {}).map(([name, one]) => [
          name,
          valueFor(one, making, depth + 1),
        ]),
      );
    case "array":
      return depth === DEEPEST ? [] : itemsFor(schema, items, making, depth);
    case "integer":
    case "number":
      return Math.max(1, numberOf(schema["minimum"]));
    case "boolean":
      return draw(making.hash, CHOICE + depth) < 0.5;
    case "null":
      return null;
    default:
      return making.text;
  }
}

function itemsFor(schema: JsonObject, items: unknown, making: Making, depth: number): unknown[] {
  const length = Math.min(100, Math.max(1, numberOf(schema["minItems"])));
  return Array.from({ length }, () => valueFor(items, making, depth + 1));
}

/** Follows references within the schema, as in `#/$defs/Person`. */
function resolve(given: unknown, root: JsonObject): JsonObject | undefined {
  let schema = given;
  for (let step = 0; step < DEEPEST && isObject(schema) && typeof schema["$ref"] === "string"; step += 1) {
    schema = schema["$ref"]
      .replace(/^#\/?/, "")
      .split("/")
      .filter((name) => name !== "")
      .reduce<unknown>((part, name) => (isObject(part) ? part[name] : undefined), root);
  }
  return isObject(schema) ? schema : undefined;
}

function isNull(schema: unknown): boolean {
  return isObject(schema) && schema["type"] === "null";
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
