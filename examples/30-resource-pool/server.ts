/** Stands for a database: counts its connections, takes a while for each, and can be shut down and started again. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";

export class Database {
  /** Connections so far, and those that there are. */
  made = 0;
  readonly sockets = new Set<Socket>();
  port = 0;
  #server: Server | undefined;

  /** Listens, at the same port as before. */
  async start(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Ends all connections, and refuses new ones. */
  async shutDown(): Promise<void> {
    const server = this.#server!;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    const pid = ++this.made;
    this.sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.sockets.delete(socket));
    createInterface({ input: socket }).on("line", (sql) => {
      const rows =
        sql === "select pg_backend_pid() as pid" ? [{ pid }] : sql === "select 1 as one" ? [{ one: 1 }] : undefined;
      socket.write(`${JSON.stringify(rows ? { rows } : { error: `syntax error in '${sql}'` })}\n`);
    });
  }
}
