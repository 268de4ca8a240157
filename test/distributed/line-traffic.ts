/** A party that notes what it hears, for the tests of lines. */
import { expect, vi } from "vitest";
import { connect, type Connection } from "../../dist/distributed/broker/connection.js";
import { keysOf } from "../../dist/distributed/broker/keys.js";
import { resolveBroker, type BrokerOptions, type ResolvedBroker } from "../../dist/config/broker.js";
import type { LineRecord } from "../../dist/distributed/line/frame.js";
import { Party } from "../../dist/distributed/line/party.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

/** All that a party heard, and the party. */
export interface Ear {
  readonly id: string;
  readonly party: Party;
  /** Texts of the records, by sender. */
  readonly heard: Map<string, string[]>;
  readonly notices: unknown[];
  readonly broken: { peer: string; error: Error }[];
  evictions: number;
  /** Ends when `isDone` holds; looks after each event. */
  until(isDone: () => boolean): Promise<void>;
  say(peer: string, text: string): number;
}

export interface Scene extends AsyncDisposable {
  readonly broker: ResolvedBroker;
  readonly redis: Connection;
  inbox(id: string): string;
  /** Opens a party; `url` when it is to reach the server another way. */
  listen(id: string, url?: string): Promise<Ear>;
}

/** A prefix of its own on the shared server, or on the one given; closes all parties, and checks that no key is left. */
export function scene(options: BrokerOptions = {}): Scene {
  const broker = resolveBroker({ url: sharedRedis(), prefix: freshPrefix(), lease: 1000, ...options });
  const redis = connect(broker, "test");
  const ears: Ear[] = [];
  const inbox = (id: string): string => keysOf(broker.prefix).inbox(id);
  return {
    broker,
    redis,
    inbox,
    listen: async (id, url = broker.url) => {
      const ear = await listen({ ...broker, url }, id);
      ears.push(ear);
      return ear;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(ears.map((ear) => ear.party.close(0)));
      const left = await Promise.all(ears.map((ear) => redis.call("EXISTS", inbox(ear.id))));
      redis.disconnect();
      if (left.includes(1)) throw new Error("A party that was closed left its inbox");
    },
  };
}

async function listen(broker: ResolvedBroker, id: string): Promise<Ear> {
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const waiter of waiting) waiter();
  };
  const heard = new Map<string, string[]>();
  const notices: unknown[] = [];
  const broken: { peer: string; error: Error }[] = [];
  const party = await Party.open(broker, id, {
    received: (from, records) => {
      const list = heard.get(from) ?? [];
      heard.set(from, list);
      for (const { payload } of records) list.push(Buffer.from(payload).toString());
      look();
    },
    noticed: (notice) => {
      notices.push(notice);
      look();
    },
    broken: (peer, error) => {
      broken.push({ peer, error });
      look();
    },
    evicted: () => {
      ear.evictions += 1;
      look();
    },
  });
  const ear: Ear = {
    id,
    party,
    heard,
    notices,
    broken,
    evictions: 0,
    until: (isDone) =>
      new Promise((resolve) => {
        const waiter = (): void => {
          if (!isDone()) return;
          waiting.delete(waiter);
          resolve();
        };
        waiting.add(waiter);
        waiter();
      }),
    say: (peer, text) => party.send(peer, record(text)),
  };
  return ear;
}

export function record(text: string): LineRecord {
  return { link: "l", kind: 1, payload: Buffer.from(text) };
}

/** How long to look for what no event tells. */
export const DEADLINE = { timeout: 10_000, interval: 5 };

/** Makes an inbox that nobody reads yet. */
export async function unread(stage: Scene, id: string): Promise<void> {
  await stage.redis.call("XGROUP", "CREATE", stage.inbox(id), "g", "0", "MKSTREAM");
}

/** Sends texts in a frame each. */
export async function inFrames(ear: Ear, peer: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    ear.say(peer, text);
    await vi.waitFor(() => expect(ear.party.unsent).toBe(0), DEADLINE);
  }
}

export async function idsIn(stage: Scene, id: string): Promise<string[]> {
  return ((await stage.redis.call("XRANGE", stage.inbox(id), "-", "+")) as [string, unknown][]).map(([entry]) => entry);
}
