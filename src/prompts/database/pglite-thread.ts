/**
 * A PGlite in a thread, as a database.
 *
 * Owns the pool of that one thread, and who is next. Does not own the PGlite, which `PgliteEngine` does.
 *
 * T1. One query at a time: the timeout of a query is for itself alone, not for the wait for its turn, nor for opening.
 * T2. A query that is given up leaves the thread free within `GRACE`, or the thread is ended and replaced.
 */
import { PoolStoppedError, TimeoutError } from "../../errors.js";
import type { Pool } from "../../pool/pool.js";
import { Mutex } from "../../scope/mutex.js";
import { checkQuery } from "./check-query.js";
import type { Database, DescribeOptions, QueryOptions, QueryResult } from "./database.js";
import { describeTables } from "./describe-tables.js";
import { failedQuery } from "./failed-query.js";
import { type EngineSettings, PgliteEngineWorker } from "./pglite-engine.js";
import type { RawRows } from "./pglite-query.js";
import { type QuerySettings, querySettings } from "./query-settings.js";
import { rowsOf } from "./rows-of.js";
import { unlessAborted } from "./unless-aborted.js";

type EnginePool = Pool<InstanceType<(typeof PgliteEngineWorker)["target"]>>;

/** A query that is not wanted any more may end by itself within this time, in ms: to open a database again takes longer. */
const GRACE = 500;

export class PgliteThread implements Database {
  readonly dialect = "PostgreSQL";
  readonly #settings: EngineSettings;
  readonly #turn = new Mutex({ name: "PGlite" });
  #pool: EnginePool | undefined;
  #isClosed = false;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
  }

  describe(options?: DescribeOptions): Promise<string> {
    return describeTables((sql, queryOptions) => this.query(sql, queryOptions), options);
  }

  async query(sql: string, options?: QueryOptions): Promise<QueryResult> {
    checkQuery(sql);
    const settings = querySettings(options);
    using _turn = await this.#turn.acquire({ signal: settings.signal });
    const pool = this.#open();
    // It goes on opening for those who come next.
    await unlessAborted(pool.prepare(), settings.signal);
    const { names, lists } = await run(pool, sql, settings);
    return rowsOf(names, lists, settings.maxRows);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool?.stop({ timeout: GRACE });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): EnginePool {
    if (this.#isClosed) throw closed();
    this.#pool ??= PgliteEngineWorker.options({ mode: "thread", maxWorkers: 1, grace: GRACE }).init(this.#settings);
    return this.#pool;
  }
}

async function run(pool: EnginePool, sql: string, { timeout, maxRows, signal }: QuerySettings): Promise<RawRows> {
  try {
    return await pool.with({ timeout, ...(signal && { signal }) }).query(sql, maxRows);
  } catch (error) {
    if (signal?.aborted) throw error;
    if (error instanceof PoolStoppedError) throw closed(error);
    if (error instanceof TimeoutError) {
      throw new TimeoutError(`Cannot run SQL within ${timeout} ms`, timeout, { cause: error });
    }
    throw failedQuery(error, sql);
  }
}

function closed(cause?: PoolStoppedError): PoolStoppedError {
  return new PoolStoppedError("Cannot run SQL as the database is closed", { cause });
}
