import { resolve } from "node:path";
import { checkFields } from "../../config/check-fields.js";
import { show } from "../../config/show.js";
import type { Database } from "./database.js";
import { PgliteInstance } from "./pglite-instance.js";
import type { PgliteLike } from "./pglite-query.js";
import { PgliteThread } from "./pglite-thread.js";

/** Options of {@link pglite}. */
export interface PgliteOptions {
  /**
   * The folder of the database, made where there is none. One program at a time may open it.
   *
   * @default in memory
   */
  readonly dataDir?: string | undefined;
  /** SQL that makes and fills the tables; run when the database is opened and has no tables. */
  readonly sql?: string | undefined;
  /** A file of such SQL, in place of `sql`. */
  readonly file?: string | undefined;
  /**
   * A PGlite of your own, in place of all the above. It runs in your thread: while a query runs nothing else does, and no
   * timeout can interrupt it. It stays open when the database is closed.
   */
  readonly instance?: object | undefined;
}

/**
 * PostgreSQL in this very program: PGlite, of the package `@electric-sql/pglite`, in a thread of its own.
 *
 * It is opened by the first query: a new database takes some seconds, one that is in its folder less than one. A query that exceeds its timeout ends with its thread; the
 * next one opens the database again.
 *
 * @throws {TypeError} for options that are not valid
 * @example
 * await using database = pglite({ file: "shop.sql" });
 * const { rows } = await database.query("SELECT count(*) AS orders FROM orders");
 */
export function pglite(options: PgliteOptions = {}): Database {
  checkFields("options", options, ["dataDir", "sql", "file", "instance"]);
  const { dataDir, sql, file, instance } = options;
  for (const [name, value] of Object.entries({ dataDir, sql, file })) {
    if (value === undefined || (typeof value === "string" && value !== "")) continue;
    throw new TypeError(`Cannot set '${name}' as it must be a text: current value is ${show(value)}`);
  }
  if (sql !== undefined && file !== undefined) throw new TypeError("Cannot set 'file' as 'sql' is set as well");
  if (instance === undefined) {
    const path = (name: string | undefined): string | undefined => (name === undefined ? undefined : resolve(name));
    return new PgliteThread({ dataDir: path(dataDir), sql, file: path(file) });
  }
  if (dataDir !== undefined || sql !== undefined || file !== undefined) {
    throw new TypeError("Cannot set 'instance' as 'dataDir', 'sql' and 'file' are for a database that is opened here");
  }
  if (!isPglite(instance)) {
    throw new TypeError(`Cannot set 'instance' as it must be a PGlite: current value is ${show(instance)}`);
  }
  return new PgliteInstance(instance);
}

function isPglite(value: object): value is PgliteLike {
  const { exec, transaction } = value as Partial<PgliteLike>;
  return typeof exec === "function" && typeof transaction === "function";
}
