/** What a library under test looks like to the measurements. */
import type { Item } from "./work.js";

type Awaitable<T> = T | PromiseLike<T>;

/** A pool that can be called. */
export interface Client {
  /** Waits until the workers run; missing where the first call is the only way to find out. */
  ready?(): Awaitable<unknown>;
  noop(value: number): Awaitable<number>;
  echo(value: Item | string): Awaitable<Item | string>;
  cpu(blocks: number): Awaitable<number>;
  size(bytes: Uint8Array): Awaitable<number>;
  /** Adds 1 to the first byte and returns it. */
  count(bytes: Uint8Array): Awaitable<number>;
  /** Hands the buffer over and gets it handed back; missing where the library cannot do both. */
  transfer?(bytes: Uint8Array<ArrayBuffer>): Awaitable<Uint8Array<ArrayBuffer>>;
  /** Calls one of the methods for each item of a stream, so many at once; ours alone. */
  map?(method: "noop" | "echo", items: Iterable<unknown>, inFlight: number): AsyncIterable<unknown>;
  close(): Awaitable<void>;
}

/** The peer that all others are compared with, where nothing else is said. */
export const REFERENCE = "manyhands";

/** What a row stands for: this library, a library to be beaten, or what the bare machine does. */
export type Role = "ours" | "peer" | "floor";

/** Makes a pool, without waiting for its workers. */
export type Open = (workers: number) => Client;

/** A library under test, in the settings that serve it best. */
export interface Peer {
  readonly name: string;
  readonly role: Role;
  /** Loads the library, which only the process that measures it does. */
  load(): Promise<Open>;
}

/** One client made of several with a worker each, called in turn: for peers that have no pool. */
export function roundRobin(workers: number, openOne: () => Client): Client {
  const clients = Array.from({ length: workers }, openOne);
  let last = 0;
  const next = (): Client => clients[(last = last + 1 === workers ? 0 : last + 1)]!;
  const { transfer } = clients[0]!;
  return {
    noop: (value) => next().noop(value),
    echo: (value) => next().echo(value),
    cpu: (blocks) => next().cpu(blocks),
    size: (bytes) => next().size(bytes),
    count: (bytes) => next().count(bytes),
    ...(transfer && { transfer: (bytes: Uint8Array<ArrayBuffer>) => next().transfer!(bytes) }),
    close: async () => {
      await Promise.all(clients.map(async (client) => client.close()));
    },
  };
}
