import { InvalidSqlError } from "../../errors.js";
import type { SqlResult, SqlRow } from "../profile/backend.js";

/** What the database answers instead of an empty array. */
const NO_ROWS = "No data found for the prompt.";
/** How much of an answer that is no JSON a message shows. */
const SHOWN = 300;

/**
 * The rows that `runsql` answers: a JSON array of objects.
 * @throws {InvalidSqlError} when it answers anything else, such as why there is no query for the prompt
 */
export function readRows(text: string): SqlResult {
  const rows = text === "" || text.trim() === NO_ROWS ? [] : parse(text);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return { sql: undefined, columns, rows, isTruncated: false };
}

function parse(text: string): readonly SqlRow[] {
  let parsed: unknown;
  let cause: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    cause = error;
  }
  if (Array.isArray(parsed) && parsed.every(isRow)) return parsed;
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  throw new InvalidSqlError(`Cannot read rows as the database answered with something else: ${shown}`, text, { cause });
}

function isRow(value: unknown): value is SqlRow {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
