import { atLeast } from "../../config/at-least.js";
import { checkFields } from "../../config/check-fields.js";
import { closest } from "../../config/closest.js";
import { show } from "../../config/show.js";
import { CATALOG, type CatalogTable } from "./catalog.js";
import type { Database, DescribeOptions } from "./database.js";

/** A database with more is described by the first of them. */
const MOST_TABLES = 5000;
const DEFAULT_LENGTH = 60_000;
/** A comment is told up to here. */
const COMMENT_LENGTH = 300;

/**
 * Describes a database of PostgreSQL's kind.
 *
 * @throws {TypeError | RangeError} for options that are not valid, and for an object that is not there
 */
export async function describeTables(query: Database["query"], options: DescribeOptions = {}): Promise<string> {
  checkFields("options", options, ["objects", "maxLength", "signal"]);
  const { objects, signal } = options;
  const maxLength = atLeast("maxLength", options.maxLength ?? DEFAULT_LENGTH, 1);
  checkObjects(objects);
  const { rows } = await query(CATALOG, { maxRows: MOST_TABLES, signal });
  const tables = rows as unknown as readonly CatalogTable[];
  return write(objects ? pick(tables, objects) : tables, maxLength);
}

/** @throws {TypeError} when it is given and no list of names */
export function checkObjects(objects: unknown): void {
  if (objects === undefined) return;
  if (Array.isArray(objects) && objects.length > 0 && objects.every((name) => typeof name === "string" && name)) return;
  throw new TypeError(`Cannot set 'objects' as it must be a list of names: current value is ${show(objects)}`);
}

function pick(tables: readonly CatalogTable[], objects: readonly string[]): CatalogTable[] {
  const picked = new Set<CatalogTable>();
  for (const object of objects) {
    const wanted = object.toLowerCase();
    const found = tables.filter(
      ({ schema, name }) => name.toLowerCase() === wanted || `${schema}.${name}`.toLowerCase() === wanted,
    );
    for (const table of found) picked.add(table);
    if (found.length > 0) continue;
    const names = tables.flatMap(({ schema, name }) => [name, `${schema}.${name}`]);
    const hint = closest(object, names);
    throw new RangeError(
      `Cannot describe ${show(object)} as there is no such table that can be read` +
        (hint === undefined ? "" : `: did you mean ${show(hint)}?`),
    );
  }
  return [...picked];
}

/** As many tables as fit; of the others the names, as far as these fit. */
function write(tables: readonly CatalogTable[], maxLength: number): string {
  if (tables.length === 0) return "-- There are no tables.";
  const written: string[] = [];
  const left: string[] = [];
  let length = 0;
  for (const table of tables) {
    const text = writeTable(table);
    if (length + text.length + 2 <= maxLength) {
      written.push(text);
      length += text.length + 2;
    } else left.push(table.written);
  }
  if (left.length > 0) written.push(writeLeft(left, Math.max(200, maxLength - length)));
  return written.join("\n\n");
}

function writeLeft(names: readonly string[], room: number): string {
  let listed = "";
  let count = 0;
  for (const name of names) {
    if (listed.length + name.length + 2 > room) break;
    listed += `${listed && ", "}${name}`;
    count += 1;
  }
  const rest = names.length - count;
  return `-- Not described for want of room: ${listed}${rest > 0 ? `${listed && " "}and ${rest} more` : ""}`;
}

function writeTable({ written, kind, comment, columns, constraints }: CatalogTable): string {
  const isView = kind === "v" || kind === "m";
  const items = [
    ...columns.map(({ written: name, type, isRequired, comment: note, words }) => ({
      text: `${name} ${type}${isRequired ? " NOT NULL" : ""}`,
      note: [words && `one of ${words.map((word) => `'${word}'`).join(", ")}`, note].filter(Boolean).join("; "),
    })),
    ...constraints.map((text) => ({ text, note: "" })),
  ];
  const lines = items.map(
    ({ text, note }, index) => `  ${text}${index < items.length - 1 ? "," : ""}${note && ` -- ${oneLine(note)}`}`,
  );
  const head = comment ? `-- ${oneLine(comment)}\n` : "";
  return `${head}CREATE ${isView ? "VIEW" : "TABLE"} ${written} (\n${lines.join("\n")}\n);`;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > COMMENT_LENGTH ? `${line.slice(0, COMMENT_LENGTH)}…` : line;
}
