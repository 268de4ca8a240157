/**
 * One query on a connection of `pg`, in a transaction that can only read.
 *
 * Owns the connection while it runs: its listeners, its transaction, the timer. Whose it is before and after is the
 * database's matter.
 *
 * Q1. The server itself refuses all but one query: a cursor takes nothing else, the extended protocol no second statement,
 *     and a transaction that only reads no change. It is rolled back whatever happens.
 * Q2. The server ends it after its timeout. One who gives it up, or a server that does not answer, closes the socket.
 * Q3. No more than `MOST_BYTES` arrive: then the socket is closed, even in the middle of a row.
 */
import { InvalidSqlError, TimeoutError } from "../../errors.js";
import { onAbort } from "../../config/on-abort.js";
import type { QueryResult } from "./database.js";
import { failedQuery } from "./failed-query.js";
import { tooLarge } from "./pglite-query.js";
import type { PgClientLike } from "./postgres-like.js";
import { MOST_BYTES, type QuerySettings } from "./query-settings.js";
import { READERS } from "./read-value.js";
import { rowsOf } from "./rows-of.js";

const CURSOR = "manyhands_answer";
/** How much later than the server this side gives up, in ms: for a server that does not do so, or cannot be reached. */
const PATIENCE = 2000;

/** Codes of PostgreSQL: what several statements are refused with, and what a timeout ends with. */
const SYNTAX_ERROR = "42601";
const CANCELLED = "57014";

const TYPES = { getTypeParser: (id: number) => READERS[id] ?? ((text: string) => text) };

export class PostgresQuery {
  readonly #client: PgClientLike;
  readonly #sql: string;
  readonly #settings: QuerySettings;
  readonly #cancel: (processId: number) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #forgetSignal: (() => void) | undefined;
  /** Rejects when it is given up. */
  readonly #givenUp: Promise<never>;
  #reject: (reason: unknown) => void = () => {};
  #isGivenUp = false;
  #bytes = 0;
  readonly #count = (data: Uint8Array): void => {
    this.#bytes += data.byteLength;
    if (this.#bytes > MOST_BYTES) this.giveUp(new InvalidSqlError(tooLarge(), this.#sql));
  };

  /** @param cancel - asks the server to end what runs there */
  constructor(client: PgClientLike, sql: string, settings: QuerySettings, cancel: (processId: number) => void) {
    this.#client = client;
    this.#sql = sql;
    this.#settings = settings;
    this.#cancel = cancel;
    this.#givenUp = new Promise<never>((_resolve, reject) => (this.#reject = reject));
    // It may be given up when nobody waits for it.
    this.#givenUp.catch(() => {});
    this.#timer = setTimeout(() => this.giveUp(this.#tooLate()), settings.timeout + PATIENCE);
    client.on("error", ignore);
    client.connection?.stream?.on("data", this.#count);
    const { signal } = settings;
    if (signal?.aborted) this.giveUp(signal.reason);
    else this.#forgetSignal = signal && onAbort(signal, (reason) => this.giveUp(reason));
  }

  /** That a second statement is refused rests on it, whatever version of `pg` and whatever pooler is in between. */
  async checkProtocol(): Promise<void> {
    const probe = this.#client.query({ text: "SELECT 1; SELECT 2", queryMode: "extended" });
    try {
      await Promise.race([this.#givenUp, probe]);
    } catch (error) {
      if (codeOf(error) === SYNTAX_ERROR) return;
      throw error;
    }
    throw new TypeError("Cannot run SQL safely as this 'pg' runs several statements at once: npm install pg@latest");
  }

  run(): Promise<QueryResult> {
    return Promise.race([this.#givenUp, this.#run()]);
  }

  /** Ends the transaction and all that the query left in the session; whether that was done. */
  async clean(): Promise<boolean> {
    if (this.#isGivenUp) return false;
    try {
      const cleaning = this.#client.query("ROLLBACK").then(() => this.#client.query("DISCARD ALL"));
      await Promise.race([this.#givenUp, cleaning]);
      return true;
    } catch {
      return false;
    }
  }

  /** Closes the connection, so that whoever waits for the query is told `reason`. */
  giveUp(reason: unknown): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#reject(reason);
    const { processID, connection } = this.#client;
    connection?.stream?.destroy();
    if (typeof processID === "number" && processID > 0) this.#cancel(processID);
  }

  /** Lets go of the connection. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#forgetSignal?.();
    this.#client.connection?.stream?.removeListener("data", this.#count);
    // A socket that was closed tells so later.
    if (!this.#isGivenUp) this.#client.removeListener("error", ignore);
  }

  async #run(): Promise<QueryResult> {
    const { timeout, maxRows } = this.#settings;
    await this.#client.query(`BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = ${timeout}`);
    const began = performance.now();
    try {
      const text = `DECLARE ${CURSOR} NO SCROLL CURSOR FOR\n${this.#sql}`;
      await this.#client.query({ text, queryMode: "extended" });
      // In one step: the query could have lifted the timeout for another.
      const { rows, fields } = await this.#client.query({
        text: `FETCH FORWARD ${maxRows + 1} FROM ${CURSOR}`,
        rowMode: "array",
        types: TYPES,
      });
      const names = fields.map(({ name }) => name);
      return rowsOf(names, rows as readonly (readonly unknown[])[], maxRows);
    } catch (error) {
      if (codeOf(error) === CANCELLED && performance.now() - began >= timeout) throw this.#tooLate(error);
      throw failedQuery(error, this.#sql);
    }
  }

  #tooLate(cause?: unknown): TimeoutError {
    const { timeout } = this.#settings;
    return new TimeoutError(`Cannot run SQL within ${timeout} ms`, timeout, { cause });
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

function ignore(): void {}
