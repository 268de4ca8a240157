/** A client with the face of `pg`: replace the import of it by `import { Client } from "pg"`, and its options by yours. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface, type Interface } from "node:readline";

export interface ClientOptions {
  readonly host?: string;
  readonly port: number;
}

export interface QueryResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** The connection is gone; its `code` is that of `pg`. */
export class ConnectionError extends Error {
  override name = "ConnectionError";
  readonly code = "57P01";
}

/** The server refused the statement; the connection is as good as before. */
export class QueryError extends Error {
  override name = "QueryError";
  readonly code = "42601";
}

interface Query {
  resolve(result: QueryResult): void;
  reject(error: Error): void;
}

/** One connection: each query is a line, and so is each answer, in order. */
export class Client {
  readonly #options: ClientOptions;
  #socket: Socket | undefined;
  #lines: Interface | undefined;
  #queries: Query[] = [];

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async connect(): Promise<void> {
    const socket = connect(this.#options);
    await once(socket, "connect");
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const { reject } of this.#queries.splice(0)) reject(new ConnectionError("Connection terminated"));
    });
    this.#lines = createInterface({ input: socket }).on("line", (line) => {
      const { rows, error } = JSON.parse(line) as { rows?: QueryResult["rows"]; error?: string };
      const query = this.#queries.shift();
      if (error === undefined) query?.resolve({ rows: rows ?? [] });
      else query?.reject(new QueryError(error));
    });
  }

  query(text: string): Promise<QueryResult> {
    const socket = this.#socket;
    if (!socket || socket.destroyed) return Promise.reject(new ConnectionError("Connection terminated"));
    return new Promise((resolve, reject) => {
      this.#queries.push({ resolve, reject });
      socket.write(`${text}\n`);
    });
  }

  async end(): Promise<void> {
    const socket = this.#socket;
    this.#lines?.close();
    if (!socket || socket.destroyed) return;
    const closed = once(socket, "close");
    socket.end();
    await closed;
  }
}
