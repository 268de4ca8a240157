import { checkQuery } from "./check-query.js";
import type { Database, DescribeOptions, QueryOptions, QueryResult } from "./database.js";
import { describeTables } from "./describe-tables.js";
import { failedQuery } from "./failed-query.js";
import { type PgliteLike, queryPglite } from "./pglite-query.js";
import { querySettings } from "./query-settings.js";
import { rowsOf } from "./rows-of.js";
import { unlessAborted } from "./unless-aborted.js";

/**
 * A PGlite of the user's own, as a database. Its transactions keep what others ask of it apart. It runs in this thread: no
 * timer can fire while a query runs, so that a timeout means nothing.
 */
export class PgliteInstance implements Database {
  readonly dialect = "PostgreSQL";
  readonly #instance: PgliteLike;

  constructor(instance: PgliteLike) {
    this.#instance = instance;
  }

  describe(options?: DescribeOptions): Promise<string> {
    return describeTables((sql, queryOptions) => this.query(sql, queryOptions), options);
  }

  async query(sql: string, options?: QueryOptions): Promise<QueryResult> {
    checkQuery(sql);
    const { maxRows, signal } = querySettings(options);
    signal?.throwIfAborted();
    const asked = queryPglite(this.#instance, sql, maxRows).catch((error: unknown) => {
      throw failedQuery(error, sql);
    });
    const { names, lists } = await unlessAborted(asked, signal);
    return rowsOf(names, lists, maxRows);
  }

  /** It is the user's to close. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
