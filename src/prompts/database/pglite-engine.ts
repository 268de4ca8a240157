/**
 * A PGlite in a thread of its own, where a query that does not end can be ended with its thread.
 *
 * Owns the PGlite. A thread that was ended is replaced by another, which opens the database again: from its folder, or
 * by the SQL that fills it. Nothing else ever writes to it, so that nothing is lost.
 */
import { readFile } from "node:fs/promises";
import { requireOptional } from "../../config/optional-package.js";
import { worker } from "../../worker.js";
import { type PgliteLike, queryPglite, type RawRows } from "./pglite-query.js";

/** How the database is opened. */
export interface EngineSettings {
  /** Its folder; `undefined` for one in memory. */
  readonly dataDir: string | undefined;
  /** SQL that fills a database without tables. */
  readonly sql: string | undefined;
  /** A file of such SQL. */
  readonly file: string | undefined;
}

interface PgliteModule {
  readonly PGlite: new (dataDir?: string) => PgliteLike;
}

const HAS_TABLES =
  "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

class PgliteEngine {
  readonly #settings: EngineSettings;
  #opening: Promise<PgliteLike> | undefined;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
  }

  /** Opens the database, where it is not open yet. */
  async prepare(): Promise<void> {
    await this.#open();
  }

  async query(sql: string, maxRows: number): Promise<RawRows> {
    const db = await this.#open();
    const found = await queryPglite(db, sql, maxRows);
    // There is one session for all: what a query sets in it beyond its transaction, the next is not to see.
    await db.exec("DISCARD ALL");
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const db = await this.#opening?.catch(() => undefined);
    await db?.close();
  }

  #open(): Promise<PgliteLike> {
    this.#opening ??= this.#create().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #create(): Promise<PgliteLike> {
    const { dataDir, sql, file } = this.#settings;
    const { PGlite } = requireOptional<PgliteModule>("@electric-sql/pglite", "open a PGlite database");
    const filling = file === undefined ? sql : await readFile(file, "utf8");
    const db = new PGlite(dataDir);
    try {
      await db.waitReady;
      if (filling !== undefined) await this.#fill(db, filling);
      return db;
    } catch (error) {
      await db.close().catch(() => {});
      throw error;
    }
  }

  /** In one transaction: a part of it would be taken for all of it the next time. */
  async #fill(db: PgliteLike, sql: string): Promise<void> {
    if ((await queryPglite(db, HAS_TABLES, 1)).lists.length > 0) return;
    try {
      await db.transaction((transaction) => transaction.exec(sql));
    } catch (error) {
      const source = this.#settings.file ?? "its SQL";
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`Cannot fill the database from ${source} as that fails: ${reason}`, { cause: error });
    }
  }
}

export const PgliteEngineWorker = worker(import.meta, PgliteEngine);
