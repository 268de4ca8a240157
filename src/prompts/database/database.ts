/** A database that queries of a model are run in: what a profile needs of one. */

/** How a query is run. */
export interface QueryOptions {
  /**
   * How long it may run, in ms.
   *
   * @default 30_000
   */
  readonly timeout?: number | undefined;
  /**
   * Rows that are returned at most.
   *
   * @default 1000
   */
  readonly maxRows?: number | undefined;
  /** Gives it up: it rejects with the signal's reason, and the database stops working on it. */
  readonly signal?: AbortSignal | undefined;
}

/** What a query found. */
export interface QueryResult {
  /** The names of the columns, in order; a name that occurs twice has a number behind it. */
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Whether there are more rows than `maxRows`. */
  readonly isTruncated: boolean;
}

/** What is told about a database. */
export interface DescribeOptions {
  /**
   * Only these tables and views, as `"orders"` or `"sales.orders"`.
   *
   * @default all that can be read
   */
  readonly objects?: readonly string[] | undefined;
  /**
   * Characters of the description at most; what does not fit is named in it.
   *
   * @default 60_000
   */
  readonly maxLength?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A database that a profile asks. Make one with `pglite` or `postgres`, or implement it for another. */
export interface Database extends AsyncDisposable {
  /** What its SQL is called, as in `"PostgreSQL"`; models are told so. */
  readonly dialect: string;
  /** Its tables as `CREATE TABLE` statements, with keys and comments. */
  describe(options?: DescribeOptions): PromiseLike<string>;
  /**
   * Runs one query so that it cannot change anything, and returns what it finds; values are what JSON can hold.
   *
   * Rejects with an `InvalidSqlError` for SQL that is no single query, would change something, or is refused by the
   * database, and with a `TimeoutError` after `timeout`.
   */
  query(sql: string, options?: QueryOptions): PromiseLike<QueryResult>;
  /** Lets go of connections; what still runs fails. A second time does nothing. */
  close(): Promise<void>;
}
