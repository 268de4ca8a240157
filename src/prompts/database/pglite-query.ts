import { InvalidSqlError } from "../../errors.js";
import { MOST_BYTES } from "./query-settings.js";
import { READERS, type ReadText } from "./read-value.js";

/** What is used of a PGlite. */
export interface PgliteLike {
  readonly waitReady: Promise<void>;
  exec(sql: string): Promise<unknown>;
  transaction<T>(fn: (transaction: PgliteTransaction) => Promise<T>): Promise<T | undefined>;
  close(): Promise<void>;
}

interface PgliteTransaction {
  exec(sql: string): Promise<unknown>;
  query(
    sql: string,
    values: unknown[],
    options: { rowMode: "array"; parsers: Readonly<Record<number, ReadText>> },
  ): Promise<{ rows: unknown; fields: readonly { readonly name: string }[] }>;
  rollback(): Promise<void>;
}

/** Rows as lists, one more than wanted where there are more. */
export interface RawRows {
  readonly names: readonly string[];
  readonly lists: readonly (readonly unknown[])[];
}

const CURSOR = "manyhands_answer";
/** Rows that are read in a step, and in the first: what is too much is found before all of it is in memory. */
const STEP = 100;
const FIRST_STEP = 8;

/**
 * Runs one query in a transaction that can only read, and that is rolled back whatever happens.
 *
 * A cursor takes queries alone, and what comes through the extended protocol one statement alone; both are refused by the
 * database itself. And of a cursor no more is read than is wanted.
 */
export async function queryPglite(db: PgliteLike, sql: string, maxRows: number): Promise<RawRows> {
  const found = await db.transaction(async (transaction) => {
    await transaction.exec("SET TRANSACTION READ ONLY");
    const options = { rowMode: "array", parsers: READERS } as const;
    await transaction.query(`DECLARE ${CURSOR} NO SCROLL CURSOR FOR\n${sql}`, [], options);
    const lists: (readonly unknown[])[] = [];
    let names: readonly string[] = [];
    let bytes = 0;
    while (lists.length <= maxRows) {
      const step = Math.min(STEP, Math.max(FIRST_STEP, lists.length), maxRows + 1 - lists.length);
      const { rows, fields } = await transaction.query(`FETCH FORWARD ${step} FROM ${CURSOR}`, [], options);
      const read = rows as readonly (readonly unknown[])[];
      names = fields.map(({ name }) => name);
      for (const list of read) {
        for (const value of list) bytes += sizeOf(value);
        lists.push(list);
      }
      if (bytes > MOST_BYTES) throw new InvalidSqlError(tooLarge(), sql);
      if (read.length < step) break;
    }
    await transaction.rollback();
    return { names, lists };
  });
  return found!;
}

/** What a result is refused with that is larger than what is read into memory. */
export function tooLarge(): string {
  return `Cannot read what SQL finds as it is larger than ${MOST_BYTES / 1024 / 1024} MB`;
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  return typeof value === "object" && value !== null ? JSON.stringify(value).length : 8;
}
