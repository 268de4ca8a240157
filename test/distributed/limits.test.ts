/** Shared limits: two sets of one name in this process are two holders, as they would be in two processes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  AdaptiveLimit,
  CallLimit,
  DefinitionError,
  type Limit,
  RateLimit,
  ResourceLimit,
  TimeoutError,
} from "manyhands";
import { SharedLimitSet } from "manyhands/distributed";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

const PROGRAM = new URL("limits-holding.js", import.meta.url).pathname;

let connection: Connection;
let prefix: string;
let open: SharedLimitSet[];

beforeAll(() => {
  connection = connect(resolveBroker({ url: sharedRedis() }), "test");
});
afterAll(async () => {
  await connection.quit();
});
beforeEach(() => {
  prefix = freshPrefix();
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((set) => set.close()));
  const keys = (await connection.call("KEYS", `{${prefix}}*`)) as string[];
  if (keys.length > 0) await connection.call("DEL", ...keys);
});

function setOf(limits: readonly Limit[], name = "api"): SharedLimitSet {
  const set = new SharedLimitSet(name, limits, { broker: { url: sharedRedis(), prefix, lease: 1000 } });
  open.push(set);
  return set;
}

const connections = (capacity: number): Limit[] => [new ResourceLimit({ key: "connections", capacity })];
const tokens = (capacity: number, window = 60_000): Limit[] => [new RateLimit({ key: "tokens", capacity, window })];

/** Two holders of the same set. */
function twoOf(make: () => Limit[]): [SharedLimitSet, SharedLimitSet] {
  return [setOf(make()), setOf(make())];
}

/** All that was asked before has reached the broker. */
async function reached(...sets: SharedLimitSet[]): Promise<void> {
  for (const set of sets) await set.stats();
}

describe("a shared set", () => {
  it("grants all or nothing, to all together what there is", async () => {
    const [one, other] = twoOf(() => [
      new CallLimit({ capacity: 3, window: 60_000 }),
      ...tokens(100),
      ...connections(2),
    ]);
    const grant = await one.acquire({ tokens: 60 });
    expect(grant.amounts).toEqual({ calls: 1, tokens: 60, connections: 1 });
    expect(await other.tryAcquire({ tokens: 50 })).toBeUndefined();
    const stats = await other.stats();
    expect(stats.limits.map(({ key, inUse, capacity }) => [key, inUse, capacity])).toEqual([
      ["calls", 1, 3],
      ["tokens", 60, 100],
      ["connections", 1, 2],
    ]);
    const second = await other.tryAcquire({ tokens: 40 });
    expect(second?.amounts).toEqual({ calls: 1, tokens: 40, connections: 1 });
    expect(await one.tryAcquire({ tokens: 0 })).toBeUndefined();
    grant.release();
    expect((await one.acquire({ tokens: 0 })).isReleased).toBe(false);
    expect((await one.stats()).granted).toBe(3);
  });

  it("serves who came first, in whatever process, at once when something is given back", async () => {
    const [one, other] = twoOf(() => connections(1));
    const held = await one.acquire();
    const order: string[] = [];
    const wait = async (set: SharedLimitSet, name: string): Promise<void> => {
      const grant = await set.acquire();
      order.push(name);
      grant.release();
    };
    const all = [];
    for (const [set, name] of [
      [other, "a"],
      [one, "b"],
      [other, "c"],
      [one, "d"],
    ] as const) {
      all.push(wait(set, name));
      await reached(set);
    }
    expect((await one.stats()).waiting).toBe(4);
    held.release();
    await Promise.all(all);
    expect(order).toEqual(["a", "b", "c", "d"]);
  });

  it("lets at most 16 overtake one that does not fit yet", async () => {
    const [one, other] = twoOf(() => connections(4));
    const held = await one.acquire({ connections: 2 });
    const large = one.acquire({ connections: 4 });
    await reached(one);
    for (let overtook = 0; overtook < 16; overtook += 1) (await other.acquire()).release();
    const next = other.acquire();
    await reached(other);
    expect((await other.stats()).waiting).toBe(2);
    held.release();
    (await large).release();
    expect((await next).amounts).toEqual({ connections: 1 });
  });

  it("gives back at once what an estimate had too much, and charges what it had too little", async () => {
    const [one, other] = twoOf(() => tokens(100));
    const grant = await one.acquire({ tokens: 80 });
    const waiting = other.acquire({ tokens: 50 });
    await reached(other);
    grant.update({ tokens: 30 });
    expect((await waiting).amounts).toEqual({ tokens: 50 });
    grant.release();
    grant.update({ tokens: 90 });
    await reached(one);
    expect((await other.stats()).limits[0]!.inUse).toBe(140);
  });

  it("waits no longer than was asked for; who leaves costs nothing", async () => {
    const [one, other] = twoOf(() => connections(1));
    const held = await one.acquire();
    await expect(other.acquire({}, { timeout: 20 })).rejects.toThrow(TimeoutError);
    const controller = new AbortController();
    const waiting = other.acquire({}, { signal: controller.signal });
    await reached(other);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await reached(other);
    held.release();
    await reached(one);
    const { limits, waiting: left } = await other.stats();
    expect([limits[0]!.inUse, left]).toEqual([0, 0]);
  });

  it("waits as long as a rate says, and not much longer", async () => {
    const [one, other] = twoOf(() => tokens(10, 300));
    await one.acquire({ tokens: 10 });
    await reached(one);
    const begun = performance.now();
    await Promise.all([other.acquire({ tokens: 6 }), one.acquire({ tokens: 4 })]);
    expect(performance.now() - begun).toBeGreaterThan(270);
    expect(performance.now() - begun).toBeLessThan(600);
  });

  it("pauses, and learns from responses, for all", async () => {
    const [one, other] = twoOf(() => [new CallLimit({ capacity: 50, window: 60_000 })]);
    one.learn({ "x-ratelimit-remaining-requests": "2", "x-ratelimit-reset-requests": "6m0s" });
    await reached(one);
    expect((await other.stats()).limits[0]!.inUse).toBe(48);
    const begun = performance.now();
    one.pause(120);
    await reached(one);
    expect(await other.tryAcquire()).toBeUndefined();
    await other.acquire();
    expect(performance.now() - begun).toBeGreaterThan(110);
    (await other.acquire()).learn({ "retry-after": "20" });
    await reached(other);
    expect((await one.stats()).pausedFor).toBeGreaterThan(19_000);
  });

  it("is resized for all; who waits for more than there is now is refused", async () => {
    const [one, other] = twoOf(() => [...tokens(100), ...connections(3)]);
    await one.acquire({ tokens: 100 });
    const waiting = other.acquire({ tokens: 60, connections: 0 });
    const tooMuch = other.acquire({ tokens: 90, connections: 3 });
    await reached(other);
    const refused = expect(tooMuch).rejects.toThrow(
      "Cannot acquire 3 of 'connections' as that is above its capacity of 2",
    );
    await one.resize("connections", 2);
    await refused;
    await one.resize("tokens", 160);
    expect((await waiting).amounts).toEqual({ tokens: 60, connections: 0 });
    await expect(one.resize("tokenz", 1)).rejects.toThrow(TypeError);
    await expect(one.resize("connections", 0.5)).rejects.toThrow(RangeError);
  });

  it("says so when another process has defined it otherwise", async () => {
    const one = setOf(tokens(100));
    await one.acquire({ tokens: 1 });
    const other = setOf(tokens(200));
    const error: unknown = await other.acquire({ tokens: 1 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DefinitionError);
    expect((error as Error).message).toContain("here it is 200 'tokens' in 60000 ms");
    expect((error as Error).message).toContain("there it is 100 'tokens' in 60000 ms");
    await one.close();
    expect((await other.acquire({ tokens: 150 })).amounts).toEqual({ tokens: 150 });
  });

  it("begins anew where the memory of the broker was lost, with what is held", async () => {
    const [one, other] = twoOf(() => connections(2));
    const held = await one.acquire({ connections: 2 });
    const waiting = other.acquire();
    await reached(other);
    await connection.call("DEL", ...((await connection.call("KEYS", `{${prefix}}*`)) as string[]));
    await reached(one, other);
    expect((await one.stats()).limits[0]!.inUse).toBe(2);
    held.release();
    await waiting;
    expect((await one.stats()).limits[0]!.inUse).toBe(1);
  });

  it("gives back the share of a process that was killed when its lease ends", async () => {
    const set = setOf(connections(2), "held");
    // Whoever reaps has been there for a lease.
    await reached(set);
    const child = spawn(process.execPath, [PROGRAM, sharedRedis(), prefix, "1000", "wait"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const begun = performance.now();
    child.kill("SIGKILL");
    await set.acquire({ connections: 2 });
    expect(performance.now() - begun).toBeLessThan(2500);
  });

  it("keeps no program alive that waits for nothing", async () => {
    const child = spawn(process.execPath, [PROGRAM, sharedRedis(), prefix, "1000", "end"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    expect(await once(child, "exit")).toEqual([0, null]);
    const set = setOf(connections(2), "held");
    expect((await set.tryAcquire({ connections: 2 }))?.amounts).toEqual({ connections: 2 });
  });

  it("gives back what it holds when it is closed, and refuses who waits", async () => {
    const [one, other] = twoOf(() => connections(1));
    await one.acquire();
    const refused = expect(one.acquire()).rejects.toThrow("Cannot use the limits 'api' as the set is closed");
    await one.close();
    await refused;
    await expect(one.acquire()).rejects.toThrow("as the set is closed");
    await expect(one.stats()).rejects.toThrow("as the set is closed");
    expect((await other.acquire()).amounts).toEqual({ connections: 1 });
  });

  it("refuses what cannot be shared", async () => {
    expect(() => setOf([new AdaptiveLimit()])).toThrow("as it is an AdaptiveLimit");
    expect(() => setOf([])).toThrow("as the list of them is empty");
    expect(() => setOf(tokens(1), "a b")).toThrow("current value is 'a b'");
    const limit = new ResourceLimit({ key: "files", capacity: 2 });
    const set = setOf([limit]);
    expect(() => limit.resize(3)).toThrow("use resize(key, capacity) of the set");
    await expect(set.acquire({ files: 5 })).rejects.toThrow(RangeError);
    await expect(set.acquire({ file: 1 })).rejects.toThrow("did you mean 'files'?");
  });
});
