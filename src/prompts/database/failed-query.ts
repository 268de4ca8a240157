import { InvalidSqlError } from "../../errors.js";

/** What a query is refused with that the database failed to run. */
export function failedQuery(error: unknown, sql: string): InvalidSqlError {
  if (error instanceof InvalidSqlError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new InvalidSqlError(`Cannot run SQL as it fails in the database: ${reason}`, sql, { cause: error });
}
