import { WorkerCrashedError, WorkerStartError } from "manyhands";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CrasherWorker } from "#fixtures/crasher.js";
import { UnloadableWorker } from "#fixtures/load-failure.js";
import { EndlessWorker, StillBornWorker, UnconstructableWorker } from "#fixtures/start-failures.js";
import { MODES, REMOTE_MODES, SPAWNING_MODES, usual } from "./modes.js";

describe.each(REMOTE_MODES)("a worker that dies in mode %s", (mode) => {
  const open = (options: { maxWorkers?: number; resourceLimits?: { maxOldGenerationSizeMb: number } } = {}) =>
    CrasherWorker.options({ mode, maxWorkers: 1, ...options }).init();

  it.each([0, 1])("by process.exit(%i) fails its own call and is replaced", async (code) => {
    await using pool = open();
    expect(await pool.calls()).toBe(1);
    const dying = pool.exit(code);
    const behind = Array.from({ length: 8 }, () => pool.calls());
    const error = await dying.exception();
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(error).toMatchObject({ code: "MH_WORKER_CRASHED", reason: "exit", exitCode: code });
    // Those behind it had not begun: a new worker, with a new state, takes them.
    expect(await Promise.all(behind)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(pool.stats().workers.restarts).toBe(1);
  });

  it("fails the call it had begun, also after a call that could not be sent", async () => {
    await using pool = open();
    expect(await pool.calls()).toBe(1);
    await expect(pool.sleep((() => 1) as unknown as number)).rejects.toMatchObject({ code: "MH_SERIALIZATION" });
    const dying = pool.with({ timeout: 5000 }).exit(1);
    await expect(dying).rejects.toMatchObject({ reason: "exit" });
    expect(pool.stats().workers.restarts).toBe(1);
  });

  it("gives its calls to another with at-least-once, three times at most", async () => {
    await using pool = CrasherWorker.options({ mode, maxWorkers: 1, delivery: "at-least-once" }).init();
    const error = await pool.exit(1).exception();
    expect(error).toMatchObject({ code: "MH_WORKER_CRASHED", reason: "exit" });
    expect(pool.stats().workers.restarts).toBe(4);
    expect(await pool.calls()).toBe(1);
  });

  it("of an uncaught exception says which", async () => {
    await using pool = open();
    const error = (await pool.throwLater().exception()) as WorkerCrashedError;
    expect(error).toMatchObject({ reason: "uncaught-exception" });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.message).toContain("Thrown in nobody's call");
    expect(await pool.calls()).toBe(1);
  });

  it("of an unhandled rejection says which", async () => {
    await using pool = open();
    const error = (await pool.rejectLater().exception()) as WorkerCrashedError;
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(await pool.calls()).toBe(1);
  });

  it("for want of memory is replaced", async () => {
    await using pool = open({ resourceLimits: { maxOldGenerationSizeMb: 40 } });
    const error = await pool.useUpMemory().exception();
    expect(error).toMatchObject({ name: "WorkerCrashedError", reason: "out-of-memory" });
    expect(await pool.calls()).toBe(1);
  });

  it("does not touch the calls of other workers", async () => {
    await using pool = open({ maxWorkers: 2 });
    await pool.ready();
    const survivor = pool.sleep(300);
    const dying = pool.exit(1);
    await expect(dying).rejects.toBeInstanceOf(WorkerCrashedError);
    expect(await survivor).toBe(300);
  });

  it("again and again leaves nothing pending", async () => {
    await using pool = open({ maxWorkers: 2 });
    const calls = Array.from({ length: 12 }, (_, index) => (index % 3 === 0 ? pool.exit(1) : pool.calls()));
    const settled = await Promise.allSettled(calls);
    const failures = settled.map((outcome) => (outcome.status === "rejected" ? String(outcome.reason) : undefined));
    expect(failures.filter((_, index) => index % 3 !== 0)).toEqual(Array.from({ length: 8 }, () => undefined));
    expect(failures.filter((_, index) => index % 3 === 0)).not.toContain(undefined);
  });

  it("is reported to listeners", async () => {
    await using pool = open();
    const crashes: unknown[] = [];
    pool.on("crash", ({ worker, details }) => crashes.push([worker.index, details.reason]));
    await pool.exit(1).exception();
    await pool.calls();
    expect(crashes).toEqual([[0, "exit"]]);
  });
});

describe("a child process", () => {
  it("killed with SIGKILL fails the call it runs, and no other", async () => {
    await using pool = CrasherWorker.options({ mode: "process", maxWorkers: 1 }).init();
    const killed = pool.killItself();
    const behind = [pool.calls(), pool.calls()];
    await expect(killed).rejects.toMatchObject({ reason: "signal", signal: "SIGKILL" });
    expect(await Promise.all(behind)).toEqual([1, 2]);
  });

  it("killed from outside while idle is replaced when it is needed", async () => {
    await using pool = CrasherWorker.options({ mode: "process", maxWorkers: 1 }).init();
    process.kill(await pool.pid(), "SIGKILL");
    const results = await Promise.allSettled([pool.calls(), pool.calls(), pool.calls()]);
    expect(results.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(2);
    expect(await pool.calls()).toBeGreaterThanOrEqual(3);
  });
});

describe.each(MODES)("a worker that cannot start in mode %s", (mode) => {
  it("because its constructor throws tells every call so, with the error as cause", async () => {
    await using pool = UnconstructableWorker.options(usual(mode)).init("No licence");
    const calls = Array.from({ length: 20 }, () => pool.value());
    for (const call of calls) {
      const error = (await call.exception()) as WorkerStartError;
      expect(error).toBeInstanceOf(WorkerStartError);
      expect(error.message).toContain("RangeError: No licence");
      expect(error.cause).toBeInstanceOf(RangeError);
    }
    await expect(pool.value()).rejects.toMatchObject({ code: "MH_WORKER_START" });
    await expect(pool.ready()).rejects.toBeInstanceOf(WorkerStartError);
  });
});

describe.each(SPAWNING_MODES)("a worker that cannot start in mode %s", (mode) => {
  it("does not keep a pool from stopping that is told so only then", async () => {
    await using pool = UnconstructableWorker.options({ mode, maxWorkers: 1 }).init("No licence");
    const call = pool.value().exception();
    await new Promise((resolve) => setImmediate(resolve));
    // It fails meanwhile, and says so; nobody hears that before the pool stops.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    await pool.stop();
    expect(await call).toBeInstanceOf(Error);
    expect(pool.stats()).toMatchObject({ isStopped: true, workers: { total: 0 } });
  });
});

describe.each(REMOTE_MODES)("a worker that cannot start in mode %s", (mode) => {
  it("because its module throws says so", async () => {
    // Nodes load modules before anything is started.
    if (!SPAWNING_MODES.includes(mode)) return;
    await using pool = UnloadableWorker.options({ mode, maxWorkers: 2 }).init();
    const error = await pool.value().exception();
    expect(error).toMatchObject({
      code: "MH_WORKER_START",
      message: expect.stringContaining("This module does not load"),
    });
  });

  it("because it dies each time is tried again after pauses, then says so", async () => {
    const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
    const journal = join(folder, "starts");
    try {
      await using pool = StillBornWorker.options({ mode, maxWorkers: 1 }).init(journal);
      const error = (await pool.value().exception()) as WorkerStartError;
      expect(error.message).toMatch(/died at each of 3 starts.*exited with code 3/);
      expect(error.cause).toBeInstanceOf(WorkerCrashedError);
      const starts = readFileSync(journal, "utf8").trim().split("\n").map(Number);
      expect(starts).toHaveLength(3);
      // The pauses are 100 and 200 ms; a timer may fire a little early.
      expect(starts[1]! - starts[0]!).toBeGreaterThanOrEqual(95);
      expect(starts[2]! - starts[1]!).toBeGreaterThanOrEqual(195);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("because it is never ready says so after startTimeout", async () => {
    await using pool = EndlessWorker.options({ mode, maxWorkers: 1, startTimeout: 400 }).init();
    await expect(pool.value()).rejects.toThrow(/not ready after 400 ms/);
  });
});
