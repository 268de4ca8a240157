import { atLeast } from "../../config/at-least.js";
import { checkFields } from "../../config/check-fields.js";
import { requireOptional } from "../../config/optional-package.js";
import { show } from "../../config/show.js";
import type { Database } from "./database.js";
import { PostgresDatabase } from "./postgres-database.js";
import type { PgPoolLike } from "./postgres-like.js";

/** Options of {@link postgres}. */
export interface PostgresOptions {
  /**
   * Where it is, as in `postgres://user:password@host:5432/shop`; it is shown in no message.
   *
   * @default the environment variables of PostgreSQL: `PGHOST`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`, …
   */
  readonly url?: string | undefined;
  /**
   * Connections at most, and so queries that run at once; the others wait.
   *
   * @default 10
   */
  readonly max?: number | undefined;
  /**
   * A `Pool` of `pg` of your own, in place of `url` and `max`. Connections that a query was run on are closed, as what it
   * left in its session cannot be told from what you set; the pool stays open when the database is closed.
   */
  readonly pool?: object | undefined;
}

interface PgModule {
  readonly Pool: new (options: {
    readonly connectionString: string | undefined;
    readonly max: number;
    readonly connectionTimeoutMillis: number;
    readonly allowExitOnIdle: boolean;
    readonly application_name: string;
  }) => PgPoolLike;
}

/** How long a connection may take, in ms. */
const CONNECT_TIMEOUT = 15_000;

/**
 * A PostgreSQL server, over the package `pg`. It connects with the first query.
 *
 * Queries run in a transaction that can only read. That does not stop functions that reach outside of it: give the role
 * few rights, `SELECT` on what may be asked about and no more.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @throws {MissingPackageError} when `pg` is not installed
 * @example
 * await using database = postgres({ url: "postgres://reader@localhost/shop" });
 * const { rows } = await database.query("SELECT count(*) AS orders FROM orders");
 */
export function postgres(options: PostgresOptions = {}): Database {
  checkFields("options", options, ["url", "max", "pool"]);
  const { url, pool } = options;
  const max = atLeast("max", options.max ?? 10, 1);
  if (pool !== undefined) {
    if (url !== undefined || options.max !== undefined) {
      throw new TypeError("Cannot set 'pool' as 'url' and 'max' are for a pool that is opened here");
    }
    if (!isPool(pool))
      throw new TypeError(`Cannot set 'pool' as it must be a Pool of pg: current value is ${show(pool)}`);
    return new PostgresDatabase(pool, { isOwn: false, max: pool.options?.max ?? max });
  }
  checkUrl(url);
  const { Pool } = requireOptional<PgModule>("pg", "ask a PostgreSQL server");
  const own = new Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    allowExitOnIdle: true,
    application_name: "manyhands",
  });
  // A connection that is lost while nobody uses it: the next query makes another.
  own.on?.("error", () => {});
  return new PostgresDatabase(own, { isOwn: true, max });
}

/** Here, as the error of `pg` for an address that cannot be read would hold the password. */
function checkUrl(url: unknown): void {
  if (url === undefined) return;
  const isText = typeof url === "string";
  if (isText && /^postgres(?:ql)?:\/\//.test(url) && URL.canParse(url)) return;
  throw new TypeError(
    `Cannot set 'url' as it must be like 'postgres://user@host:5432/database': current value is ${isText ? "another text" : show(url)}`,
  );
}

function isPool(value: object): value is PgPoolLike {
  const { connect, end } = value as Partial<PgPoolLike>;
  return typeof connect === "function" && typeof end === "function";
}
