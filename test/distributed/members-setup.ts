/** Members on the shared server, and hands to move time: leases end when a test says so. */
import { connect, type Connection } from "../../dist/distributed/broker/connection.js";
import { keysOf, type Keys } from "../../dist/distributed/broker/keys.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { Members, type NodeFacts, type PlaceRequest } from "../../dist/distributed/members/members.js";
import type { Need } from "../../dist/distributed/members/need.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

export interface MembersSetup extends AsyncDisposable {
  readonly members: Members;
  readonly connection: Connection;
  readonly keys: Keys;
  /** Makes an inbox as a party has it. */
  openInbox(id: string): Promise<void>;
  /** What is new in an inbox. */
  notices(id: string): Promise<unknown[]>;
  /** As if nothing had been heard of it for longer than its lease. */
  expire(kind: "node" | "owner", id: string): Promise<void>;
  /** As if beats had come for long without a gap; `false`: as if none had come for long. */
  setSteady(isSteady: boolean): Promise<void>;
  /** Puts all keys back to how they are now, as a server that lost what came later. */
  snapshot(): Promise<() => Promise<void>>;
}

export function setUpMembers(url = sharedRedis()): MembersSetup {
  const broker = resolveBroker({ url, prefix: freshPrefix() });
  const connection = connect(broker, "members");
  const members = new Members(connection, broker);
  const keys = keysOf(broker.prefix);
  const own = async (): Promise<string[]> => (await connection.call("KEYS", `${keys.base}:*`)) as string[];
  const clear = async (): Promise<void> => {
    const names = await own();
    if (names.length > 0) await connection.call("DEL", ...names);
  };
  return {
    members,
    connection,
    keys,
    openInbox: async (id) => {
      await connection.call("XGROUP", "CREATE", keys.inbox(id), "g", "0", "MKSTREAM");
    },
    notices: async (id) => {
      // The version of the protocol decides how the name of the stream comes: the entries are read another way.
      const entries = (await connection.call("XRANGE", keys.inbox(id), "-", "+")) as [string, string[]][];
      for (const [entry] of entries) await connection.call("XDEL", keys.inbox(id), entry);
      return entries.map(([, fields]) => JSON.parse(fields[1]!) as unknown);
    },
    expire: async (kind, id) => {
      await connection.call("ZADD", keys.of("members", `${kind}-leases`), "XX", 1, id);
    },
    setSteady: async (isSteady) => {
      const [seconds] = (await connection.call("TIME")) as [string, string];
      const at = isSteady ? Number(seconds) * 1000 : 1;
      await connection.call("HSET", keys.of("members", "pulse"), "at", at, "since", 1);
    },
    snapshot: async () => {
      const dumps: [string, Buffer][] = [];
      for (const name of await own()) dumps.push([name, (await connection.callBuffer("DUMP", name)) as Buffer]);
      return async () => {
        await clear();
        for (const [name, dump] of dumps) await connection.call("RESTORE", name, 0, dump);
      };
    },
    [Symbol.asyncDispose]: async () => {
      await clear();
      await connection.quit();
    },
  };
}

export function factsOf(id: string, given: Partial<NodeFacts> = {}): NodeFacts {
  return {
    id,
    name: id,
    host: "here",
    pid: 1,
    cpus: 2,
    memory: 1e9,
    resources: {},
    definitions: { Hasher: "a1" },
    node: "20.19.0",
    version: "1.0.0",
    format: 1,
    startedAt: 1,
    queues: [],
    ...given,
  };
}

export function requestOf(
  worker: string,
  need: Partial<Need> = { cpus: 1 },
  given: Partial<PlaceRequest> = {},
): PlaceRequest {
  const full = { cpus: 0, memory: 0, resources: {}, ...need };
  return { worker, owner: "o", need: full, name: "Hasher", version: "a1", format: 1, ...given };
}
