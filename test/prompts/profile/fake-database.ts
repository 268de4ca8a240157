import { InvalidSqlError } from "manyhands";
import type { Database, QueryOptions, QueryResult } from "manyhands/prompts";

/** A database of the test's own: one table, and whatever rows `find` returns. */
export class FakeDatabase implements Database {
  readonly dialect = "FakeSQL";
  readonly ran: string[] = [];
  readonly options: (QueryOptions | undefined)[] = [];
  described = 0;
  closed = 0;
  find: (sql: string) => Partial<QueryResult> | Promise<Partial<QueryResult>> = () => ({});

  async describe(): Promise<string> {
    this.described += 1;
    return "CREATE TABLE orders (id integer);";
  }

  async query(sql: string, options?: QueryOptions): Promise<QueryResult> {
    this.ran.push(sql);
    this.options.push(options);
    if (sql.startsWith("DROP")) throw new InvalidSqlError("Cannot run SQL as it must be a query", sql);
    return { columns: ["n"], rows: [{ n: 1 }], isTruncated: false, ...(await this.find(sql)) };
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
