/** Whoever dies, or is replaced, gives back what it held. */
import { LimitSet, ResourceLimit, WorkerCrashedError } from "manyhands";
import { describe, expect, it } from "vitest";
import { LimitedWorker } from "#fixtures/limited.js";
import { UnconstructableWorker } from "#fixtures/start-failures.js";
import { MODES, POOL_MODES, REMOTE_MODES } from "./modes.js";
import { until } from "./until.js";

const connections = (capacity: number): LimitSet => new LimitSet([new ResourceLimit({ key: "connections", capacity })]);
const inUse = (limits: LimitSet): number => limits.stats().limits[0]!.inUse;
const methods = {
  began: { cost: () => ({}) },
  die: { cost: () => ({}) },
  never: { cost: () => ({}) },
  letGoLate: { cost: () => ({}) },
};

describe.each(REMOTE_MODES)("a grant in mode %s is given back", (mode) => {
  it("when its holder exits, to whoever waits", async () => {
    const limits = connections(3);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, concurrency: 2, limits }).init();
    const held = pool.workers[0]!.holdForEver(3);
    await until(() => inUse(limits) === 3);
    const waiting = pool.workers[1]!.wait(2);
    await until(() => limits.stats().waiting === 1);
    const dying = pool.workers[0]!.die(0);
    await expect(dying).rejects.toBeInstanceOf(WorkerCrashedError);
    await expect(held).rejects.toBeInstanceOf(WorkerCrashedError);
    expect(await waiting).toBe(true);
  });

  it("when its holder exits at once, again and again", async () => {
    const limits = connections(3);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, limits }).init();
    const dying = Array.from({ length: 4 }, async () => pool.holdAndDie(3).exception());
    for (const error of await Promise.all(dying)) expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(inUse(limits)).toBe(0);
  });

  it("when its holder is terminated after the grace, having held it in an endless loop", async () => {
    const limits = connections(2);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, grace: 20, limits }).init();
    await pool.ready();
    const stuck = pool.holdInLoop(2);
    await until(() => inUse(limits) === 2);
    stuck.cancel();
    await stuck.exception();
    expect((await limits.acquire({ connections: 2 })).amounts).toEqual({ connections: 2 });
  });

  it("when its holder is replaced after a health check", async () => {
    const limits = connections(2);
    const healthCheck = { interval: 40, timeout: 1000, method: "isHealthy" };
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, healthCheck, limits }).init();
    const held = pool.holdForEver(2);
    await until(() => inUse(limits) === 2);
    await pool.broadcast.fallIll();
    await expect(held).rejects.toBeInstanceOf(WorkerCrashedError);
    expect(await pool.wait(2)).toBe(true);
  });

  it("when its holder is recycled, or taken out of the pool", async () => {
    const limits = connections(2);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, recycle: { afterCalls: 1 }, limits }).init();
    expect(await Promise.all([pool.wait(1), pool.wait(1)])).toEqual([true, true]);
    await until(() => inUse(limits) === 0);
    await using shrinking = LimitedWorker.options({ mode, maxWorkers: 2, limits }).init();
    await Promise.all([shrinking.workers[0]!.wait(1), shrinking.workers[1]!.wait(1)]);
    expect(inUse(limits)).toBe(2);
    await shrinking.resize(1);
    await until(() => inUse(limits) === 1);
    await shrinking.stop();
    expect(inUse(limits)).toBe(0);
  });

  it("while others wait in the same worker: their requests are gone too", async () => {
    const limits = connections(1);
    const grant = await limits.acquire();
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, concurrency: 3, limits }).init();
    const waiting = [pool.wait(1), pool.wait(1)];
    await until(() => limits.stats().waiting === 2);
    await pool.die(0).exception();
    for (const call of waiting) expect(await call.exception()).toBeInstanceOf(WorkerCrashedError);
    expect(limits.stats().waiting).toBe(0);
    grant.release();
    expect(await limits.tryAcquire()).toBeDefined();
  });

  it("that a call took before it began, when its worker dies or is ended", async () => {
    const limits = connections(1);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, grace: 20, limits, methods }).init();
    await expect(pool.die(1)).rejects.toBeInstanceOf(WorkerCrashedError);
    expect((await pool.began(1)).to).toBeGreaterThan(0);
    const never = pool.with({ timeout: 300 }).never();
    await expect(never).rejects.toMatchObject({ code: "MH_TIMEOUT" });
    expect((await pool.began(1)).to).toBeGreaterThan(0);
    await until(() => inUse(limits) === 0);
  });
});

describe("a grant of a child process is given back", () => {
  it("when it is killed with SIGKILL", async () => {
    const limits = connections(2);
    await using pool = LimitedWorker.options({ mode: "process", maxWorkers: 1, limits }).init();
    const pid = await pool.pid();
    const held = pool.holdForEver(2);
    await until(() => inUse(limits) === 2);
    process.kill(pid, "SIGKILL");
    await expect(held).rejects.toMatchObject({ signal: "SIGKILL" });
    expect(inUse(limits)).toBe(0);
  });
});

describe.each(MODES)("a grant in mode %s is given back", (mode) => {
  it("when the call has let go, not when its timeout fired", async () => {
    const limits = connections(1);
    await using pool = LimitedWorker.options({ mode, limits, methods }).init();
    await pool.ready();
    const started = performance.now();
    const slow = pool.with({ timeout: 100 }).letGoLate(300);
    await expect(slow).rejects.toMatchObject({ code: "MH_TIMEOUT" });
    expect(inUse(limits)).toBe(1);
    await limits.acquire();
    // Timers may fire a little early.
    expect(performance.now() - started).toBeGreaterThan(390);
    expect(pool.stats().workers.restarts).toBe(0);
  });
});

describe.each(["sync", "async"] as const)("a call that nobody waits for any more in mode %s", (mode) => {
  it("keeps what it took as long as it runs, after its grace too", async () => {
    const limits = connections(1);
    await using pool = LimitedWorker.options({ mode, limits, methods, grace: 10 }).init();
    const slow = pool.with({ timeout: 30 }).letGoLate(300);
    await slow.exception();
    await until(() => pool.stats().calls.running === 0);
    expect(inUse(limits)).toBe(1);
    await until(() => inUse(limits) === 0);
  });

  it("keeps what it took as long as it runs, after its pool too", async () => {
    const limits = connections(1);
    const pool = LimitedWorker.options({ mode, limits, methods }).init();
    const slow = pool.began(1, 300);
    await pool.stop({ timeout: 20 });
    await slow.exception();
    expect(inUse(limits)).toBe(1);
    await until(() => inUse(limits) === 0);
  });
});

describe.each(MODES)("a worker that cannot start in mode %s", (mode) => {
  it("fails the calls that wait for limits too, once these would let them begin", async () => {
    const limits = connections(1);
    const cost = { value: { cost: () => ({}) } };
    await using pool = UnconstructableWorker.options({ mode, limits, methods: cost }).init("No licence");
    const calls = [pool.value(), pool.value()];
    for (const call of calls) expect(await call.exception()).toMatchObject({ code: "MH_WORKER_START" });
    expect(pool.stats().calls, "each is counted once").toMatchObject({ queued: 0, failed: 2 });
    expect(limits.stats()).toMatchObject({ waiting: 0 });
    expect(inUse(limits)).toBe(0);
  });
});

describe.each(POOL_MODES)("limits in mode %s", (mode) => {
  it("outlive a pool that is stopped while calls wait and run", async () => {
    const limits = connections(2);
    const pool = LimitedWorker.options({ mode, maxWorkers: 2, limits, methods, concurrency: 1 }).init();
    await pool.ready();
    const calls = Array.from({ length: 6 }, () => pool.began(1, 50));
    await until(() => inUse(limits) === 2);
    await pool.stop();
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(2);
    expect(limits.stats()).toMatchObject({ waiting: 0 });
    expect(inUse(limits)).toBe(0);
  });
});
