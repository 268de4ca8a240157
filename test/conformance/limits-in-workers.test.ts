/** What a method sees of limits, the same in every mode. */
import { CallLimit, LimitDeadlockError, LimitPool, LimitSet, RateLimit, ResourceLimit } from "manyhands";
import { describe, expect, it } from "vitest";
import { LimitedWorker } from "#fixtures/limited.js";
import { PlainWorker, limitedTask } from "#fixtures/limited-plain.js";
import { MODES, POOL_MODES, REMOTE_MODES, usual } from "./modes.js";
import { until } from "./until.js";

describe.each(MODES)("this.limits in mode %s", (mode) => {
  it("takes anything where there are no limits", async () => {
    await using pool = LimitedWorker.options(usual(mode)).init();
    expect((await pool.use({ anything: 5 })).index).toBe(0);
    expect(await pool.tryUse({ anything: 5 })).toBe(true);
    expect(await pool.viaCall()).toBe(true);
    expect(await pool.region()).toBeUndefined();
    expect(pool.stats().limits).toEqual([]);
  });

  it("refuses a request that can never be granted, as itself", async () => {
    const limits = [new ResourceLimit({ key: "connections", capacity: 2 }), new RateLimit(TOKENS)];
    await using pool = LimitedWorker.options({ mode, limits }).init();
    await expect(pool.use({ tokens: 1, connections: 3 })).rejects.toBeInstanceOf(RangeError);
    await expect(pool.use({ tokens: 1, conections: 1 })).rejects.toThrow(/did you mean 'connections'/i);
    await expect(pool.use({ connections: 1 })).rejects.toBeInstanceOf(TypeError);
    expect(pool.stats().limits[0]).toMatchObject({ waiting: 0, granted: 0 });
  });

  it("settles what was really used, and shows it in the statistics", async () => {
    await using pool = LimitedWorker.options({ ...usual(mode), limits: [new RateLimit(TOKENS)] }).init();
    expect(await pool.settle(800, 300)).toBe(300);
    await until(() => pool.stats().limits[0]!.limits[0]!.inUse === 300);
    expect(await pool.settle(100, 250)).toBe(250);
    await until(() => pool.stats().limits[0]!.limits[0]!.inUse === 550);
    expect(pool.stats().limits[0]!.limits[0]).toMatchObject({ key: "tokens", kind: "rate", capacity: 1000 });
  });

  it("wakes those who wait when less was used than was taken", async () => {
    await using pool = LimitedWorker.options({ ...usual(mode), limits: [new RateLimit(TOKENS)] }).init();
    expect(await pool.settle(900, 100)).toBe(100);
    // Without the refund this would take a minute.
    expect(await pool.settle(900, 900)).toBe(900);
  });

  it("is there in plain classes and tasks by call()", async () => {
    const limits = [new ResourceLimit({ key: "connections", capacity: 2 })];
    await using pool = PlainWorker.options({ mode, limits }).init();
    expect(await pool.hold(2)).toEqual({ connections: 2 });
    await expect(pool.hold(3)).rejects.toBeInstanceOf(RangeError);
    await using run = limitedTask.options({ mode, limits });
    expect(await run(2)).toEqual({ connections: 2 });
    await expect(run(3)).rejects.toBeInstanceOf(RangeError);
  });

  it("carries the config of the set", async () => {
    const limits = new LimitSet([new CallLimit({ capacity: 10, window: 60_000 })], { config: { region: "north" } });
    await using pool = LimitedWorker.options({ mode, limits }).init();
    expect(await pool.region()).toBe("north");
  });

  it("carries the config of a set that is nothing but a config", async () => {
    await using pool = LimitedWorker.options({ mode, limits: new LimitSet([], { config: { region: "east" } }) }).init();
    expect(await pool.region()).toBe("east");
  });

  it("lets a call that holds some take more before others that wait, and tells when that is not possible", async () => {
    const limits = [new ResourceLimit({ key: "connections", capacity: 4 })];
    await using pool = LimitedWorker.options({ mode, limits }).init();
    expect(await pool.nested(2, 2)).toBe("2 + 2");
    const error = await pool.nested(3, 2).exception();
    expect(error).toBeInstanceOf(LimitDeadlockError);
    expect(error).toMatchObject({ code: "MH_LIMIT_DEADLOCK" });
    await until(() => pool.stats().limits[0]!.limits[0]!.inUse === 0);
  });

  it("pauses the whole set, as a response says", async () => {
    const limits = new LimitSet([new CallLimit({ capacity: 100, window: 100 })]);
    await using pool = LimitedWorker.options({ mode, limits }).init();
    await pool.refuse({ "retry-after": "30" });
    await until(() => limits.stats().pausedFor > 0);
    expect(await pool.tryUse({})).toBe(false);
    await expect(limits.acquire({}, { timeout: 5 })).rejects.toMatchObject({ code: "MH_TIMEOUT" });
  });
});

describe.each(POOL_MODES)("nested requests in mode %s", (mode) => {
  it("do not lie in wait for each other with those that wait for what they hold", async () => {
    const capacity = 4;
    const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, concurrency: 64, limits }).init();
    await pool.ready();
    // Holds 3, waits, then asks for one more: meanwhile somebody wants all, and 40 want one each.
    const holder = pool.nestedAfter(3, 150, 1);
    await until(() => limits.stats().limits[0]!.inUse === 3);
    const all = pool.use({ connections: capacity });
    await until(() => limits.stats().waiting === 1);
    const others = Array.from({ length: 40 }, async () => pool.use({ connections: 1 }, 1));
    expect(await holder).toBe("3 + 1");
    await all;
    await Promise.all(others);
    await until(() => limits.stats().limits[0]!.inUse === 0);
  });
});

describe.each(POOL_MODES)("a limit pool in mode %s", (mode) => {
  const regions = ["north", "east", "south"];
  const open = (loadBalancing: "round-robin" | "random" | "least-used" = "round-robin", capacity = 100) =>
    new LimitPool(
      regions.map((region) => new LimitSet([new CallLimit({ capacity, window: 60_000 })], { config: { region } })),
      { loadBalancing },
    );

  it("is begun by each worker at its own offset", async () => {
    await using pool = LimitedWorker.options({ mode, maxWorkers: 3, limits: open() }).init();
    await pool.ready();
    const first = await Promise.all(pool.workers.map(async (worker) => worker.region()));
    expect(first).toEqual(regions);
    const second = await Promise.all(pool.workers.map(async (worker) => worker.region()));
    expect(second).toEqual(["east", "south", "north"]);
  });

  it("uses each set to its full, then waits", async () => {
    const limits = open("round-robin", 4);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, limits }).init();
    const used = await Promise.all(Array.from({ length: 12 }, async () => pool.region()));
    for (const region of regions) expect(used.filter((name) => name === region)).toHaveLength(4);
    expect(await pool.tryUse({})).toBe(false);
  });

  it("takes from the least used", async () => {
    const limits = open("least-used");
    await limits.sets[0]!.acquire({ calls: 50 });
    await limits.sets[1]!.acquire({ calls: 20 });
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, limits }).init();
    const used: unknown[] = [];
    for (let call = 0; call < 25; call += 1) used.push(await pool.region());
    expect(used.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => "south"));
    expect(used.slice(20)).toContain("east");
    expect(used).not.toContain("north");
  });
});

describe.each(REMOTE_MODES)("a request that leaves in mode %s", (mode) => {
  it("costs nothing", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity: 1 })]);
    const grant = await limits.acquire();
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, limits }).init();
    const waiting = pool.use({});
    await until(() => limits.stats().waiting === 1);
    waiting.cancel();
    await waiting.exception();
    await until(() => limits.stats().waiting === 0);
    grant.release();
    expect((await limits.tryAcquire())?.amounts).toEqual({ connections: 1 });
  });
});

const TOKENS = { key: "tokens", capacity: 1000, window: 60_000 };
