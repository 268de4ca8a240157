import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import pg from "pg";
import { InvalidSqlError, PoolStoppedError, TimeoutError } from "manyhands";
import { type Database, pglite, postgres } from "manyhands/prompts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { queryPglite } from "../../../dist/prompts/database/pglite-query.js";
import { PostgresQuery } from "../../../dist/prompts/database/postgres-query.js";
import { ATTACKS, SCHEMA } from "./attacks.js";

/** To make a database of PGlite takes seconds, on a busy machine many: all tests here share one, and its folder. */
const PATIENCE = 180_000;

let folder: string;
let instance: PGlite | undefined;
let server: PGLiteSocketServer | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "manyhands-test-"));
  cpSync(await emptyDatabase(), join(folder, "data"), { recursive: true });
  instance = await PGlite.create(join(folder, "data"));
  await instance.exec(SCHEMA);
}, PATIENCE);

/** The folder of a database without tables, kept among the built files: to make one takes most of the time of all this. */
async function emptyDatabase(): Promise<string> {
  const root = join(import.meta.dirname, "../../..");
  const about = readFileSync(join(root, "node_modules/@electric-sql/pglite/package.json"), "utf8");
  const kept = join(root, "build/.cache", `pglite-${(JSON.parse(about) as { version: string }).version}`);
  if (existsSync(kept)) return kept;
  // Under a name of its own until it is whole.
  const made = `${kept}-${process.pid}`;
  mkdirSync(made, { recursive: true });
  await (await PGlite.create(made)).close();
  if (existsSync(kept)) rmSync(made, { recursive: true });
  else renameSync(made, kept);
  return kept;
}

afterAll(async () => {
  await server?.stop();
  await instance?.close();
  rmSync(folder, { recursive: true, force: true });
}, PATIENCE);

/** All that is in the tables, to be the same after whatever was tried. */
const CONTENT =
  "SELECT (SELECT json_agg(o) FROM orders o)::text AS orders, (SELECT json_agg(c) FROM customers c)::text AS customers, (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'customers', 'copy')) AS tables, (SELECT last_value FROM numbers) AS number";

/** What any database has to do. */
function behaves(open: () => Database | Promise<Database>, schema = "public"): () => Database {
  let database: Database;

  beforeAll(async () => {
    database = await open();
    await database.query("SELECT 1");
  }, PATIENCE);

  afterAll(() => database.close(), PATIENCE);

  test("whatever the SQL says, nothing changes and one sentence says why", async () => {
    const before = (await database.query(CONTENT)).rows;
    for (const sql of ATTACKS) {
      const error = await database.query(sql).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect.soft(error, sql).toBeInstanceOf(InvalidSqlError);
      expect.soft(String(error)).toMatch(/^InvalidSqlError: Cannot run SQL as .+[^.]$/);
      expect.soft((error as InvalidSqlError).sql).toBe(sql);
    }
    expect((await database.query(CONTENT)).rows).toEqual(before);
    expect(before[0]).toMatchObject({ tables: 2, number: 1 });
  });

  test("values can be written as JSON and lose nothing", async () => {
    const { rows, columns, isTruncated } = await database.query("SELECT * FROM orders WHERE id = 1");
    expect(columns).toEqual(["id", "customer_id", "state", "total", "placed", "big", "raw", "extra", "tags"]);
    expect(rows).toEqual([
      {
        id: 1,
        customer_id: 1,
        state: "paid",
        total: "12.34567890123456789000",
        placed: "2020-01-02",
        big: "9007199254740993",
        raw: String.raw`\x0102`,
        extra: { a: [1] },
        tags: ["a", "b,c", null],
      },
    ]);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
    expect(isTruncated).toBe(false);
    const special = await database.query(
      `SELECT 7::bigint AS big, 'NaN'::float8 AS nan, true AS yes, NULL AS none, 'a"b\\' AS text, '{{1,2},{3,4}}'::int[] AS grid, array['a"b', 'c\\d', ''] AS words`,
    );
    expect(special.rows).toEqual([
      {
        big: 7,
        nan: "NaN",
        yes: true,
        none: null,
        text: `a"b\\`,
        grid: [
          [1, 2],
          [3, 4],
        ],
        words: [`a"b`, `c\\d`, ""],
      },
    ]);
  });

  test("columns of one name are all there", async () => {
    const { columns, rows } = await database.query(`SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS "__proto__"`);
    expect(columns).toEqual(["a", "a_2", "a_2_2", "__proto__"]);
    expect(Object.entries(rows[0]!)).toEqual([
      ["a", 1],
      ["a_2", 2],
      ["a_2_2", 3],
      ["__proto__", 4],
    ]);
  });

  test("no more rows than wanted", async () => {
    const sql = "SELECT i FROM generate_series(1, 250) AS i; -- all";
    const { rows, isTruncated } = await database.query(sql, { maxRows: 249 });
    expect(rows).toHaveLength(249);
    expect(isTruncated).toBe(true);
    const all = await database.query(sql, { maxRows: 250 });
    expect(all.rows.map(({ i }) => i)).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
    expect(all.isTruncated).toBe(false);
    expect(await database.query("SELECT 1 AS a WHERE false")).toEqual({ columns: ["a"], rows: [], isTruncated: false });
  });

  test("describes its tables", async () => {
    const text = await database.describe();
    expect(text).toContain(`-- What was bought\nCREATE TABLE orders (\n  id integer NOT NULL,`);
    expect(text).toContain("  state state NOT NULL, -- one of 'new', 'paid'\n");
    expect(text).toContain("  total numeric(30,20), -- in euros\n");
    expect(text).toContain("  PRIMARY KEY (id),\n  FOREIGN KEY (customer_id) REFERENCES customers(id)\n);");
    expect(text).toContain("CREATE VIEW paid (\n  id integer,\n  total numeric(30,20)\n);");
    const some = await database.describe({ objects: [`${schema}.customers`, "PAID"] });
    expect(some.match(/CREATE \w+ \w+/g)).toEqual(["CREATE TABLE customers", "CREATE VIEW paid"]);
    const short = await database.describe({ maxLength: 120 });
    expect(short).toMatch(/^CREATE TABLE customers [^]*\n\n-- Not described for want of room: orders, paid(?:, \S+)*$/);
    await expect(database.describe({ objects: ["ordrs"] })).rejects.toThrow(
      "Cannot describe 'ordrs' as there is no such table that can be read: did you mean 'orders'?",
    );
  });

  test("a signal that has fired", async () => {
    const reason = new Error("no more");
    await expect(database.query("SELECT 1", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("bad options are refused", async () => {
    await expect(database.query("SELECT 1", { maxRows: 0 })).rejects.toThrow(RangeError);
    await expect(database.query("SELECT 1", { timeout: 0 })).rejects.toThrow("Cannot set 'timeout'");
    await expect(database.query("SELECT 1", { maxRow: 1 } as object)).rejects.toThrow("did you mean 'maxRows'?");
    await expect(database.query(7 as never)).rejects.toThrow("Cannot run SQL that is no string: current value is 7");
  });

  return () => database;
}

/** What is sent for the texts that are refused before the database sees them, were they not. */
async function refusesItself(run: (sql: string) => PromiseLike<unknown>): Promise<void> {
  for (const sql of ATTACKS.filter((text) => !text.includes("\0"))) {
    const outcome = await run(sql).then(
      () => "it ran",
      () => "refused",
    );
    expect.soft(outcome, sql).toBe("refused");
  }
}

/** 40 MB, of which 32 are read at most. */
async function refusesLarge(database: Database): Promise<void> {
  const sql = "SELECT repeat('x', 1000000) FROM generate_series(1, 40)";
  await expect(database.query(sql)).rejects.toThrow(/^Cannot read what SQL finds as it is larger than 32 MB$/);
  expect((await database.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
}

describe("a PGlite of one's own", () => {
  const database = behaves(() => pglite({ instance: instance! }));

  test("the database refuses by itself what is refused before it", async () => {
    const before = (await database().query(CONTENT)).rows;
    await refusesItself((sql) => queryPglite(instance!, sql, 10));
    expect((await database().query(CONTENT)).rows).toEqual(before);
  });

  test("what is too large is refused", () => refusesLarge(database()));

  test("stays open", async () => {
    const own = pglite({ instance: instance! });
    await own.close();
    await instance!.exec("CREATE TABLE later (id integer); DROP TABLE later");
  });
});

describe("a server of PostgreSQL, over PGlite", () => {
  let url: string;

  const shared = behaves(async () => {
    server = new PGLiteSocketServer({ db: instance!, port: 0, maxConnections: 4 });
    await server.start();
    const [, port] = server.getServerConn().split(":");
    url = `postgres://postgres:secret-word@127.0.0.1:${port}/postgres`;
    return postgres({ url, max: 2 });
  });

  test("the server refuses by itself what is refused before it", async () => {
    const before = (await shared().query(CONTENT)).rows;
    await refusesItself(async (sql) => runUnchecked(url, sql));
    expect((await shared().query(CONTENT)).rows).toEqual(before);
  });

  test("what is too large is refused", () => refusesLarge(shared()));

  test("a pool of one's own gets no connection back, and stays open", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    pool.on("error", () => {});
    const database = postgres({ pool });
    const numbers = await Promise.all([1, 2, 3].map((n) => database.query(`SELECT ${n} AS n`)));
    expect(numbers.map(({ rows }) => rows[0]!["n"])).toEqual([1, 2, 3]);
    expect(pool.totalCount).toBe(0);
    await database.close();
    expect((await pool.query("SELECT 1 AS n")).rows).toEqual([{ n: 1 }]);
    await pool.end();
  });

  test("a 'pg' that runs several statements at once is not used", async () => {
    const sent: unknown[] = [];
    const client = {
      query: async (query: unknown) => {
        sent.push(query);
        return { rows: [], fields: [] };
      },
      release: (isDestroyed: boolean) => sent.push(isDestroyed),
      on: () => {},
      removeListener: () => {},
    };
    const database = postgres({ pool: { connect: async () => client, end: async () => {} } });
    await expect(database.query("SELECT 1")).rejects.toThrow(
      "Cannot run SQL safely as this 'pg' runs several statements",
    );
    // An error that came late would end a program that listens to no errors of its pool: none comes after a ROLLBACK.
    expect(sent).toEqual([{ text: "SELECT 1; SELECT 2", queryMode: "extended" }, "ROLLBACK", "DISCARD ALL", true]);
  });

  test("once closed, it refuses", async () => {
    const database = postgres({ url });
    await database.close();
    await database.close();
    await expect(database.query("SELECT 1")).rejects.toThrow(PoolStoppedError);
  });

  test("an address that cannot be read or reached does not show the password", async () => {
    expect(() => postgres({ url: "postgres://me:secret-word@:x:/" })).toThrow(/Cannot set 'url'.*another text$/);
    expect(() => postgres({ url, pool: {} } as object)).toThrow("Cannot set 'pool' as 'url' and 'max' are for");
    const database = postgres({ url: "postgres://me:secret-word@127.0.0.1:1/shop" });
    const error = await database.query("SELECT 1").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect((error as { code?: string }).code).toBe("ECONNREFUSED");
    expect(String((error as Error).stack)).not.toContain("secret-word");
    await database.close();
  });
});

describe("PGlite in a thread", () => {
  const shared = behaves(async () => {
    await server!.stop();
    await instance!.close();
    server = instance = undefined;
    return pglite({ dataDir: join(folder, "data"), sql: "a database with tables is not filled again" });
  });

  test(
    "a query that does not end is ended, and all that comes after it served",
    async () => {
      const database = shared();
      const endless = database.query("SELECT count(*) FROM generate_series(1, 10000000000)", { timeout: 200 });
      const next = database.query("SELECT name FROM customers WHERE id = 1", { timeout: 5000 });
      await expect(endless).rejects.toThrow(new TimeoutError("Cannot run SQL within 200 ms", 200));
      expect((await next).rows).toEqual([{ name: "Ann" }]);
      const controller = new AbortController();
      const reason = new Error("not wanted");
      const unwanted = database.query("SELECT pg_sleep(60)", { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 50);
      await expect(unwanted).rejects.toBe(reason);
    },
    PATIENCE,
  );

  test("bad options are refused", () => {
    expect(() => pglite({ sql: "a", file: "b" })).toThrow("Cannot set 'file' as 'sql' is set as well");
    expect(() => pglite({ dataDri: "a" } as object)).toThrow("did you mean 'dataDir'?");
    expect(() => pglite({ instance: {} })).toThrow("Cannot set 'instance' as it must be a PGlite: current value is {}");
    expect(() => pglite({ instance: {}, sql: "a" })).toThrow("Cannot set 'instance' as 'dataDir', 'sql' and 'file'");
  });
});

const { POSTGRES_URL } = process.env;

describe.skipIf(!POSTGRES_URL)("a server of PostgreSQL, at POSTGRES_URL", () => {
  const schema = `manyhands_test_${process.pid}`;
  const owner = new pg.Client(POSTGRES_URL);

  behaves(async () => {
    await owner.connect();
    await owner.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${SCHEMA}`);
    return inSchema();
  }, schema);

  test("the server refuses by itself what is refused before it", async () => {
    await using database = inSchema();
    const before = (await database.query(CONTENT)).rows;
    await refusesItself(async (sql) => runUnchecked(urlInSchema(), sql));
    expect((await database.query(CONTENT)).rows).toEqual(before);
  });

  test("what is too large is refused", async () => {
    await using database = inSchema();
    await refusesLarge(database);
  });

  afterAll(async () => {
    await owner.query(`DROP SCHEMA ${schema} CASCADE`);
    await owner.end();
  });

  test("timeouts and signals end what the server does", async () => {
    await using database = inSchema();
    for (const sql of ["SELECT pg_sleep(60)", "SELECT set_config('statement_timeout', '0', false), pg_sleep(60)"]) {
      const error = await database.query(sql, { timeout: 100 }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(TimeoutError);
    }
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("not wanted")), 100);
    const unwanted = database.query("SELECT pg_sleep(61)", { signal: controller.signal });
    await expect(unwanted).rejects.toThrow("not wanted");
    const running =
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(61)%' AND state = 'active' AND pid <> pg_backend_pid()";
    await expect.poll(async () => (await owner.query<{ n: number }>(running)).rows[0]!.n).toBe(0);
  });

  test("what a query leaves in its session is gone", async () => {
    await using database = inSchema(1);
    await database.query("SELECT pg_advisory_lock(4711), set_config('application_name', 'leak', false)");
    const { rows } = await database.query(
      "SELECT current_setting('application_name') AS name, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711) AS locks",
    );
    expect(rows).toEqual([{ name: "manyhands", locks: 0 }]);
  });

  function urlInSchema(): string {
    const url = new URL(POSTGRES_URL!);
    url.searchParams.set("options", `-c search_path=${schema}`);
    return url.href;
  }

  function inSchema(max = 2): Database {
    return postgres({ url: urlInSchema(), max });
  }
});

/** As `postgres` runs it, without looking at it before. */
async function runUnchecked(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client(url);
  client.on("error", () => {});
  await client.connect();
  const settings = { timeout: 5000, maxRows: 10, signal: undefined };
  const query = new PostgresQuery(Object.assign(client, { release: () => {} }), sql, settings, () => {});
  try {
    return await query.run();
  } finally {
    query.forget();
    await client.end();
  }
}
