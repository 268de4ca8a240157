import { call, Worker, worker } from "manyhands";

class Database extends Worker {
  /** Each attempt takes a connection; the first three fail. */
  async query(sql: string): Promise<string> {
    await using _grant = await this.limits.acquire({ connections: 1 });
    if (call().attempt <= 3) throw new Error("Connection reset");
    return `${sql}: done`;
  }

  /** The same, and the connection is a declared cost. */
  declared(sql: string): string {
    if (call().attempt <= 3) throw new Error("Connection reset");
    return `${sql}: done`;
  }
}

export const DatabaseWorker = worker(import.meta, Database, {
  methods: { declared: { cost: () => ({ connections: 1 }) } },
});
