/** Declared costs of calls that only one worker may take, and of pools that change in size. */
import { CallLimit, LimitSet, perWorker, ResourceLimit } from "manyhands";
import { describe, expect, it } from "vitest";
import { LimitedWorker } from "#fixtures/limited.js";
import { mostAtOnce, mostBegun } from "./intervals.js";
import { POOL_MODES, REMOTE_MODES } from "./modes.js";
import { until } from "./until.js";

const methods = { began: { cost: () => ({}) }, die: { cost: () => ({}) } };
const window = 100;
const capacity = 5;
/** With a guard against what a busy machine needs from a grant to the first line of the method. */
const guard = 100;
const rate = (): LimitSet => new LimitSet([new CallLimit({ capacity, window, guard })]);

describe.each(POOL_MODES)("calls with a cost in mode %s", (mode) => {
  it("go to the worker that they name", async () => {
    const limits = rate();
    await using pool = LimitedWorker.options({ mode, maxWorkers: 3, limits, methods }).init();
    const calls = Array.from({ length: 21 }, async (_, index) => pool.workers[index % 3]!.began(1));
    const ran = await Promise.all(calls);
    expect(ran.map(({ index }) => index)).toEqual(Array.from({ length: 21 }, (_, index) => index % 3));
    expect(mostBegun(ran, window)).toBeLessThanOrEqual(capacity);
  });

  it("go to the worker of their key", async () => {
    const limits = rate();
    await using pool = LimitedWorker.options({
      mode,
      maxWorkers: 3,
      limits,
      methods,
      loadBalancing: "key",
    }).init();
    const keys = ["ada", "bob", "cyd", "dan"];
    const ran = await Promise.all(
      Array.from({ length: 16 }, async (_, index) => pool.with({ key: keys[index % 4]! }).began(1)),
    );
    for (const [index] of keys.entries()) {
      const workers = new Set(ran.filter((_, at) => at % 4 === index).map((result) => result.index));
      expect(workers.size).toBe(1);
    }
    expect(mostBegun(ran, window)).toBeLessThanOrEqual(capacity);
  });

  it("go to the worker that a function chooses, which is asked once", async () => {
    let asked = 0;
    const loadBalancing = (call: { args: readonly unknown[] }): number => {
      asked += 1;
      return (call.args[0] as number) % 2;
    };
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, limits: rate(), methods, loadBalancing }).init();
    const ran = await Promise.all(Array.from({ length: 12 }, async (_, index) => pool.began(index)));
    expect(ran.map(({ index }) => index)).toEqual(Array.from({ length: 12 }, (_, index) => index % 2));
    expect(asked).toBe(12);
  });

  it("do not wait behind those for a worker that is busy", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity: 10 })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, concurrency: 1, limits, methods }).init();
    await pool.ready();
    const busy = pool.workers[0]!.sleep(400);
    const behind = Array.from({ length: 100 }, async () => pool.workers[0]!.began(1));
    const free = await pool.workers[1]!.began(1);
    expect(free.index).toBe(1);
    expect(pool.stats().calls.queued).toBe(100);
    await busy;
    await Promise.all(behind);
  });

  it("whose worker is taken away fail, and nothing else does", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity: 1 })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, limits, methods }).init();
    await pool.ready();
    const grant = await limits.acquire();
    const bound = pool.workers[1]!.began(1);
    const others = [pool.began(1), pool.began(1), pool.workers[0]!.began(1)];
    await pool.resize(1);
    await until(() => pool.stats().workers.total === 1);
    grant.release();
    await expect(bound).rejects.toMatchObject({ code: "MH_POOL_STOPPED" });
    expect((await Promise.all(others)).map(({ index }) => index)).toEqual([0, 0, 0]);
    await until(() => limits.stats().limits[0]!.inUse === 0);
  });

  it("start the workers of an elastic pool as they are needed", async () => {
    const limits = rate();
    const maxWorkers = { min: 0, max: 3, idleTimeout: 30 };
    await using pool = LimitedWorker.options({ mode, maxWorkers, limits, methods, concurrency: 1 }).init();
    const ran = await Promise.all(Array.from({ length: 20 }, async () => pool.began(1, 5)));
    expect(mostBegun(ran, window)).toBeLessThanOrEqual(capacity);
    expect(mostAtOnce(ran)).toBeLessThanOrEqual(3);
    await until(() => pool.stats().workers.total === 0);
    expect((await pool.began(1)).index).toBe(0);
  });

  it("have a worker each on demand, no more of them than there may be", async () => {
    const limits = rate();
    await using pool = LimitedWorker.options({ mode, maxWorkers: 3, onDemand: true, limits, methods }).init();
    const ran = await Promise.all(Array.from({ length: 8 }, async () => pool.began(1)));
    expect(mostAtOnce(ran)).toBeLessThanOrEqual(3);
    await until(() => pool.stats().workers.total === 0);
    expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0, done: 8 });
  });
});

describe.each(POOL_MODES)("limits of each worker in mode %s", (mode) => {
  const limits = perWorker(() => [new CallLimit({ capacity, window: 60_000 })]);

  it("are its own", async () => {
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, limits }).init();
    const [first, second] = pool.workers;
    for (let call = 0; call < capacity; call += 1) expect(await first!.tryUse({})).toBe(true);
    expect(await first!.tryUse({})).toBe(false);
    expect(await second!.tryUse({})).toBe(true);
    expect(
      pool
        .stats()
        .limits.map((set) => set.limits[0]!.inUse)
        .toSorted((a, b) => a - b),
    ).toEqual([1, capacity]);
  });

  it("are spent by declared costs, by turns", async () => {
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, limits, methods }).init();
    const ran = await Promise.all(Array.from({ length: 2 * capacity }, async () => pool.began(1)));
    for (const index of [0, 1]) expect(ran.filter((one) => one.index === index)).toHaveLength(capacity);
    const late = pool.with({ timeout: 20 }).began(1);
    await expect(late).rejects.toMatchObject({ code: "MH_TIMEOUT" });
  });

  it("are those of a worker that remains, when another is taken away", async () => {
    const slow = perWorker(() => [new CallLimit({ capacity, window, guard })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, limits: slow, methods }).init();
    await pool.ready();
    const calls = Array.from({ length: 30 }, async () => pool.began(1));
    await pool.resize(1);
    const ran = await Promise.all(calls);
    await until(() => pool.stats().workers.total === 1);
    const first = ran.filter(({ index }) => index === 0);
    expect(mostBegun(first, window)).toBeLessThanOrEqual(capacity);
  });
});

describe.each(REMOTE_MODES)("limits of each worker in mode %s", (mode) => {
  it("are those of its place, on demand", async () => {
    const limits = perWorker(() => [new ResourceLimit({ key: "connections", capacity: 1 })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, onDemand: true, limits, methods }).init();
    const ran = await Promise.all(Array.from({ length: 5 }, async () => pool.began(1)));
    expect(mostAtOnce(ran)).toBeLessThanOrEqual(2);
    expect(pool.stats().limits.map((set) => set.waiting)).toEqual([0, 0]);
  });

  it("are not new with a new worker", async () => {
    const limits = perWorker(() => [new CallLimit({ capacity: 3, window: 60_000 })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, limits }).init();
    expect(await pool.tryUse({})).toBe(true);
    await pool.die(0).exception();
    expect(await pool.tryUse({})).toBe(true);
    expect(await pool.tryUse({})).toBe(true);
    expect(await pool.tryUse({})).toBe(false);
    expect(pool.stats().workers.restarts).toBe(1);
  });
});
