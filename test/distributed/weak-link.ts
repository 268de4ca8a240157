/** Stands between a client and Redis, and fails as networks do. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface WeakLink extends AsyncDisposable {
  readonly url: string;
  /** From now on the connections there are carry nothing; neither side is told. New ones work. */
  cut(): void;
  /** Closes each connection there is when the server next sends something over it, which is lost. */
  loseNextAnswers(): void;
}

interface Pair {
  mode: "works" | "cut" | "loses";
  readonly client: Socket;
  readonly server: Socket;
}

export async function weakLink(url: string): Promise<WeakLink> {
  const { hostname, port } = new URL(url);
  const pairs = new Set<Pair>();
  const listener = createServer({ noDelay: true }, (client) => {
    const server = connect({ host: hostname, port: Number(port), noDelay: true });
    const pair: Pair = { mode: "works", client, server };
    pairs.add(pair);
    const end = (): void => {
      if (pair.mode === "cut") return;
      client.destroy();
      server.destroy();
      pairs.delete(pair);
    };
    for (const socket of [client, server]) socket.on("error", end).on("close", end);
    client.on("data", (data) => {
      if (pair.mode !== "cut") server.write(data);
    });
    server.on("data", (data) => {
      if (pair.mode === "works") client.write(data);
      if (pair.mode === "loses") end();
    });
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    url: `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    cut: () => {
      for (const pair of pairs) pair.mode = "cut";
    },
    loseNextAnswers: () => {
      for (const pair of pairs) pair.mode = "loses";
    },
    [Symbol.asyncDispose]: async () => {
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      listener.close();
      await once(listener, "close");
    },
  };
}
