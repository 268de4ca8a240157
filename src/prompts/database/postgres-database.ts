/**
 * A PostgreSQL server, as a database.
 *
 * Owns who may use a connection, and what a query left in a session. The connections are the pool's.
 *
 * D1. A connection goes back to the pool clean, or it is closed.
 * D2. A query that is given up is ended on the server too: what it runs there would go on to its timeout.
 * D3. Nothing runs before it is known that the extended protocol is really spoken.
 * D4. At most `max` ask the pool for a connection, so that its own queue, with a timeout of its own, stays empty.
 */
import { PoolStoppedError } from "../../errors.js";
import { Semaphore } from "../../scope/semaphore.js";
import { checkQuery } from "./check-query.js";
import type { Database, DescribeOptions, QueryOptions, QueryResult } from "./database.js";
import { describeTables } from "./describe-tables.js";
import type { PgClientLike, PgPoolLike } from "./postgres-like.js";
import { PostgresQuery } from "./postgres-query.js";
import { type QuerySettings, querySettings } from "./query-settings.js";
import { unlessAborted } from "./unless-aborted.js";

/** Whose pool it is. */
interface Ownership {
  /** Whether it was made here: then sessions are cleaned, and it is ended with the database. */
  readonly isOwn: boolean;
  readonly max: number;
}

export class PostgresDatabase implements Database {
  readonly dialect = "PostgreSQL";
  readonly #pool: PgPoolLike;
  readonly #isOwn: boolean;
  readonly #turns: Semaphore;
  readonly #running = new Set<PostgresQuery>();
  readonly #cancelling = new Set<Promise<void>>();
  #isProtocolChecked = false;
  #closing: Promise<void> | undefined;

  constructor(pool: PgPoolLike, { isOwn, max }: Ownership) {
    this.#pool = pool;
    this.#isOwn = isOwn;
    this.#turns = new Semaphore(max);
  }

  describe(options?: DescribeOptions): Promise<string> {
    return describeTables((sql, queryOptions) => this.query(sql, queryOptions), options);
  }

  async query(sql: string, options?: QueryOptions): Promise<QueryResult> {
    checkQuery(sql);
    const settings = querySettings(options);
    this.#checkOpen();
    using _turn = await this.#turns.acquire({ signal: settings.signal });
    this.#checkOpen();
    const client = await this.#connect(settings.signal);
    try {
      this.#checkOpen();
    } catch (error) {
      client.release(true);
      throw error;
    }
    return await this.#run(client, sql, settings);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#closing) throw new PoolStoppedError("Cannot run SQL as the database is closed");
  }

  async #connect(signal: AbortSignal | undefined): Promise<PgClientLike> {
    const connecting = this.#pool.connect();
    try {
      return await unlessAborted(connecting, signal);
    } catch (error) {
      // The connection comes later than wanted, if it comes.
      connecting.then(
        (client) => client.release(),
        () => {},
      );
      throw error;
    }
  }

  async #run(client: PgClientLike, sql: string, settings: QuerySettings): Promise<QueryResult> {
    const query = new PostgresQuery(client, sql, settings, (processId) => {
      const cancelling = this.#cancel(processId).finally(() => this.#cancelling.delete(cancelling));
      this.#cancelling.add(cancelling);
    });
    this.#running.add(query);
    try {
      if (!this.#isProtocolChecked) await query.checkProtocol();
      this.#isProtocolChecked = true;
      return await query.run();
    } finally {
      // Also where it is closed: what the server still has to say of the query must not come when nobody listens.
      const isClean = (await query.clean()) && this.#isOwn;
      this.#running.delete(query);
      query.forget();
      client.release(!isClean);
    }
  }

  /** Asks the server to end what runs on a connection whose socket is closed by now; best effort, as the timeout is there. */
  async #cancel(processId: number): Promise<void> {
    let client: PgClientLike | undefined;
    try {
      client = await this.#pool.connect();
      await client.query(`SELECT pg_cancel_backend(${processId})`);
      client.release();
    } catch {
      client?.release(true);
    }
  }

  async #close(): Promise<void> {
    for (const query of this.#running) query.giveUp(new PoolStoppedError("Cannot run SQL as the database is closed"));
    await Promise.all(this.#cancelling);
    if (this.#isOwn) await this.#pool.end();
  }
}
