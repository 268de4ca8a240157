/** What a library under test looks like to the sections. */
import type { Item } from "./work.js";

type Awaitable<T> = T | PromiseLike<T>;

/** A pool that is ready to be called. */
export interface Client {
  noop(value: number): Awaitable<number>;
  echo(item: Item): Awaitable<Item>;
  cpu(blocks: number): Awaitable<number>;
  size(bytes: Uint8Array): Awaitable<number>;
  /** Hands the buffer over and gets it handed back; missing where the library cannot do both. */
  transfer?(bytes: Uint8Array<ArrayBuffer>): Awaitable<Uint8Array<ArrayBuffer>>;
  close(): Awaitable<void>;
}

/** A library under test, in the settings that serve it best. */
export interface Peer {
  readonly name: string;
  open(workers: number): Awaitable<Client>;
}

/** The peer that all others are compared with. */
export const REFERENCE = "manyhands";

/** One client made of several with a worker each, called in turn: for peers that have no pool. */
export async function roundRobin(workers: number, openOne: () => Client): Promise<Client> {
  const clients = Array.from({ length: workers }, openOne);
  let last = 0;
  const next = (): Client => clients[(last = last + 1 === workers ? 0 : last + 1)]!;
  const { transfer } = clients[0]!;
  return {
    noop: (value) => next().noop(value),
    echo: (item) => next().echo(item),
    cpu: (blocks) => next().cpu(blocks),
    size: (bytes) => next().size(bytes),
    ...(transfer && { transfer: (bytes: Uint8Array<ArrayBuffer>) => next().transfer!(bytes) }),
    close: async () => {
      await Promise.all(clients.map(async (client) => client.close()));
    },
  };
}
