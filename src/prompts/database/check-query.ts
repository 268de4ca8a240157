import { InvalidSqlError } from "../../errors.js";
import { show } from "../../config/show.js";
import { splitSql } from "./split-sql.js";

/** What a query begins with. */
const QUERY_VERBS: readonly string[] = ["SELECT", "WITH", "VALUES", "TABLE"];

/**
 * Says in one sentence what the database would say less clearly; that nothing else gets through is the database's work.
 *
 * @throws {TypeError} when it is no string
 * @throws {InvalidSqlError} when it is nothing, several statements, or plainly no query
 */
export function checkQuery(sql: string): void {
  if (typeof sql !== "string") throw new TypeError(`Cannot run SQL that is no string: current value is ${show(sql)}`);
  // In the protocol it ends the text, and what follows would be read as something else.
  if (sql.includes("\0")) throw new InvalidSqlError("Cannot run SQL as it holds a NUL character", sql);
  const parts = splitSql(sql);
  const [first] = parts;
  if (first === undefined) throw new InvalidSqlError("Cannot run SQL as there is none", sql);
  if (parts.length > 1) {
    throw new InvalidSqlError(`Cannot run SQL as it must be one statement: it has ${parts.length}`, sql);
  }
  if (QUERY_VERBS.includes(first.verb)) return;
  const begin = first.verb === "" ? first.text.slice(0, 20) : first.verb;
  throw new InvalidSqlError(`Cannot run SQL as it must be a query: it begins with ${show(begin)}`, sql);
}
