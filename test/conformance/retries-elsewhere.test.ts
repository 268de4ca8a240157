import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  perWorker,
  ResourceLimit,
  type RetryContext,
  type RetryOptions,
  TaskPool,
  withConfig,
  WorkerCrashedError,
} from "manyhands";
import { describe, expect, it } from "vitest";
import { FlakyWorker, flakyTask, PersistentWorker, standsAlone, UnavailableError } from "#fixtures/flaky.js";
import { MODES, POOL_MODES, REMOTE_MODES, SOURCE_MODES } from "./modes.js";
import { until } from "./until.js";

describe.each(MODES)("tasks that are retried in mode %s", (mode) => {
  it("are made again as their definition says", async () => {
    await using again = flakyTask.options({ mode, maxWorkers: 1 });
    const future = again("page", 2);
    expect(await future).toBe("page in attempt 3");
    expect(future.attempts).toBe(3);
    expect(again.stats()!.calls).toMatchObject({ done: 1, retried: 2 });
    await expect(again("page", 9)).rejects.toBeInstanceOf(UnavailableError);
  });

  it("are made again as other options say", async () => {
    await using again = flakyTask.options({ mode, maxWorkers: 1, retry: { retries: 0 } });
    await expect(again("page", 1)).rejects.toBeInstanceOf(UnavailableError);
  });

  it("in a TaskPool are made again, also functions by source", async () => {
    await using pool = new TaskPool({ mode, maxWorkers: 1, retry: { retries: 2, wait: 0 } });
    const key = `${mode} ${performance.now()}`;
    expect(await pool.submit(flakyTask, "page", 1)).toBe("page in attempt 2");
    if (!SOURCE_MODES.includes(mode)) return;
    expect(await pool.submit(standsAlone, key)).toBe(`${key} in attempt 3`);
    expect(pool.stats().calls).toMatchObject({ done: 2, retried: 3 });
  });

  it("in a TaskPool show functions their own name and arguments", async () => {
    const contexts: object[] = [];
    const look = ({ method, args, attempt }: Omit<RetryContext, "error">): void => {
      contexts.push({ method, args, attempt });
    };
    const retry: RetryOptions = {
      retries: 2,
      on: [
        RangeError,
        (context) => {
          look(context);
          return context.error instanceof Error;
        },
      ],
      until: [
        (_, context) => {
          look(context);
        },
      ],
      backoff: (context) => {
        look(context);
        return 0;
      },
    };
    await using pool = new TaskPool({ mode, maxWorkers: 1, retry });
    expect(await pool.submit(flakyTask, "page", 1)).toBe("page in attempt 2");
    const args = ["page", 1];
    expect(contexts).toEqual([
      { method: "flakyTask", args, attempt: 1 },
      { method: "flakyTask", args, attempt: 1 },
      { method: "flakyTask", args, attempt: 2 },
    ]);
  });
});

describe.each(POOL_MODES)("retries and limits in mode %s", (mode) => {
  /** Takes a connection for each attempt, and holds until it is let go the retries of those that are to wait. */
  const open = (wait: number) =>
    FlakyWorker.options({
      mode,
      maxWorkers: 1,
      concurrency: 4,
      limits: [new ResourceLimit({ key: "connections", capacity: 1 })],
      retry: { retries: 1, wait, maxWait: wait, jitter: 0 },
      methods: {
        fetch: { cost: () => ({ connections: 1 }) },
        never: { cost: () => ({ connections: 1 }) },
      },
    }).init();

  it("gives back what an attempt took before the wait, so that others can have it", async () => {
    await using pool = open(1_000_000);
    const inUse = (): number => pool.stats().limits[0]!.limits[0]!.inUse;
    const waiting = pool.fetch("page", 1);
    await until(() => pool.stats().calls.retried === 1);
    expect(inUse()).toBe(0);
    expect(await pool.fetch("other", 0)).toMatchObject({ attempt: 1 });
    waiting.cancel();
    await pool.drain();
    expect(pool.stats().limits[0]).toMatchObject({ granted: 2, waiting: 0 });
    expect(inUse()).toBe(0);
  });

  it("takes it again for the next attempt, which waits for it", async () => {
    await using pool = open(300);
    const again = pool.fetch("page", 1);
    await until(() => pool.stats().calls.retried === 1);
    const holder = pool.never();
    await until(() => pool.stats().limits[0]!.limits[0]!.inUse === 1 && pool.stats().limits[0]!.waiting === 1);
    expect(again.status).toBe("queued");
    expect(again.attempts).toBe(1);
    holder.cancel();
    expect(await again).toMatchObject({ attempt: 2 });
    await pool.drain();
    expect(pool.stats().limits[0]).toMatchObject({ granted: 3, waiting: 0 });
    expect(pool.stats().limits[0]!.limits[0]!.inUse).toBe(0);
  });

  it("does both where each call has a worker of its own, and where each worker has limits of its own", async () => {
    const limits = () => [new ResourceLimit({ key: "connections", capacity: 1 })];
    const options = {
      mode,
      maxWorkers: 2,
      retry: { retries: 2, wait: 0 },
      methods: { fetch: { cost: () => ({ connections: 1 }) } },
    } as const;
    for (const more of [{ onDemand: true, limits: limits() }, { limits: perWorker(limits) }]) {
      await using pool = FlakyWorker.options({ ...options, ...more }).init();
      const results = await Promise.all(["a", "b"].map((value) => pool.fetch(value, 2)));
      expect(results.map(({ attempt }) => attempt)).toEqual([3, 3]);
      const sets = pool.stats().limits;
      expect(sets.reduce((sum, { granted }) => sum + granted, 0)).toBe(6);
      expect(sets.every(({ waiting, limits: each }) => waiting === 0 && each[0]!.inUse === 0)).toBe(true);
    }
  });

  it("lets calls that fail take turns", async () => {
    await using pool = open(1);
    const results = await Promise.all([pool.fetch("a", 1), pool.fetch("b", 1)]);
    expect(results.map(({ attempt }) => attempt)).toEqual([2, 2]);
    expect(pool.stats().limits[0]).toMatchObject({ granted: 4, waiting: 0 });
  });
});

describe.each(POOL_MODES)("retries in mode %s", (mode) => {
  it("happen on each worker that a broadcast goes to", async () => {
    await using pool = FlakyWorker.options({ mode, maxWorkers: 2, retry: { retries: 1, wait: 0 } }).init();
    const results = await pool.broadcast.fetchNow("page", 1);
    expect(results.map(({ attempt }) => attempt)).toEqual([2, 2]);
    expect(new Set(results.map(({ worker }) => worker)).size).toBe(2);
  });

  it("do not follow an attempt that fails when the pool is being stopped", async () => {
    await using pool = FlakyWorker.options({ mode, maxWorkers: 1, retry: { retries: 9, wait: 1_000_000 } }).init();
    await pool.ready();
    const failing = pool.failLater(300);
    await until(() => failing.status === "running");
    await pool.stop();
    await expect(failing).rejects.toBeInstanceOf(UnavailableError);
    expect(failing.attempts).toBe(1);
  });

  it("end with the reader of a stream", async () => {
    const retry: RetryOptions = { retries: 1, wait: 1_000_000, maxWait: 1_000_000, jitter: 0 };
    await using pool = FlakyWorker.options({ mode, maxWorkers: 1, retry }).init();
    const stream = pool.items(0, 1);
    const next = stream.next();
    await until(() => pool.stats().calls.retried === 1);
    await stream.return();
    expect(await next).toEqual({ value: undefined, done: true });
    await pool.drain();
    expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0 });
  });
});

describe.each(REMOTE_MODES)("retries after a death in mode %s", (mode) => {
  it("take limits again, which the dead worker gave back", async () => {
    const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
    try {
      await using pool = FlakyWorker.options({
        mode,
        maxWorkers: 2,
        limits: [new ResourceLimit({ key: "connections", capacity: 1 })],
        retry: { retries: 1, wait: 0, on: WorkerCrashedError },
        methods: { crash: { cost: () => ({ connections: 1 }) }, fetch: { cost: () => ({ connections: 1 }) } },
      }).init();
      const crashing = pool.crash(join(folder, "attempts"), 1);
      expect(await pool.fetch("page", 0)).toMatchObject({ attempt: 1 });
      expect(await crashing).toMatchObject({ attempt: 2 });
      expect(pool.stats().limits[0]).toMatchObject({ granted: 3, waiting: 0 });
      expect(pool.stats().limits[0]!.limits[0]!.inUse).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.each(REMOTE_MODES)("retries of a pool that blocks in mode %s", (mode) => {
  it("happen while the caller waits, as the definition says", () => {
    using pool = PersistentWorker.options({ mode, maxWorkers: 1, blocking: true }).init();
    expect(pool.fetch("page", 2)).toMatchObject({ attempt: 3 });
    expect(pool.answer("bad", "good")).toBe("good");
    expect(pool.stats().calls.retried).toBe(3);
    expect(() => pool.answer("bad", "worse")).toThrow(
      expect.objectContaining({
        name: "RetryValidationError",
        attempts: 3,
        results: ["bad", "worse", "worse"],
        validationErrors: ["not good", "not good", "not good"],
      }) as Error,
    );
    expect([...pool.items(0, 1)]).toEqual([-1]);
  });

  it("can be set in options that hold no function", () => {
    const retry: RetryOptions = { retries: 1, wait: 0 };
    using pool = FlakyWorker.options({ mode, maxWorkers: 1, blocking: true, retry }).init();
    expect(pool.fetch("page", 1)).toMatchObject({ attempt: 2 });
    const options = { mode, blocking: true, retry: { ...retry, on: UnavailableError } } as const;
    expect(() => FlakyWorker.options(options).init()).toThrow(/'retry' for a pool that blocks.*in the definition/);
  });

  it("do not mind functions that are configured and that the definition replaces", () => {
    withConfig({ defaults: { retry: { retries: 9, on: Error } } }, () => {
      using pool = PersistentWorker.options({ mode, maxWorkers: 1, blocking: true }).init();
      expect(pool.fetch("page", 1)).toMatchObject({ attempt: 2 });
      expect(() => FlakyWorker.options({ mode, blocking: true }).init()).toThrow(/'retry' for a pool that blocks/);
    });
  });

  it("are checked when the pool is made", () => {
    expect(() => FlakyWorker.options({ mode, blocking: true, retry: { retries: -1 } }).init()).toThrow(RangeError);
  });
});

describe("retries of a pool that blocks in mode sync", () => {
  it("cannot be waited for, which the error says", () => {
    using pool = FlakyWorker.options({ mode: "sync", blocking: true, retry: { retries: 1, wait: 0 } }).init();
    expect(pool.fetchNow("page", 0)).toMatchObject({ attempt: 1 });
    expect(() => pool.fetchNow("page", 1)).toThrow(/waits for a limit or a retry: use mode 'thread'/);
  });
});
