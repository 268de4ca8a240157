/** Stands between a node and Redis, and holds back what both send, as a network does that is cut: neither side is told. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface FrozenLink extends AsyncDisposable {
  readonly url: string;
  /** Nothing passes any more, and nobody gets through. */
  cut(): void;
  /** What was held back arrives. */
  heal(): void;
}

export async function frozenLink(url: string): Promise<FrozenLink> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket, end: () => void): void => {
    sockets.add(socket);
    socket.on("error", end).on("close", () => {
      sockets.delete(socket);
      end();
    });
    if (isCut) socket.pause();
  };
  const listener = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    const server = connect({ host: hostname, port: Number(port), noDelay: true });
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    client.on("data", (data) => server.write(data));
    server.on("data", (data) => client.write(data));
    client.resume();
    keep(client, end);
    keep(server, end);
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    url: `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    heal: () => {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}
