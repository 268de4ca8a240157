import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PoolStoppedError, type RetryContext, type RetryOptions, TimeoutError, WorkerCrashedError } from "manyhands";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FlakyWorker, PersistentWorker, RefusedError, type Success, UnavailableError } from "#fixtures/flaky.js";
import { collect } from "./collect.js";
import { MODES, POOL_MODES, REMOTE_MODES } from "./modes.js";
import { until } from "./until.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Longer than any test: a backoff that only something else can end. */
const FOR_EVER = 1_000_000;

/** For how long a worker without work keeps the program alive, in ms: of no interest here. */
const KEEP_ALIVE = 5;
/** That of the lease of a caller of nodes: a quarter of it. */
const BEAT = 2500;

/** The delays of the timers that were set in the caller's thread since then: those of backoffs. */
function recordDelays(): () => unknown[] {
  const timers = vi.spyOn(globalThis, "setTimeout");
  return () => timers.mock.calls.map(([, ms]) => ms).filter((ms) => ms !== KEEP_ALIVE && ms !== BEAT);
}

/** Retries at once, and keeps what the backoff is told. */
function recordContexts(options: Partial<RetryOptions> = {}): { contexts: RetryContext[]; retry: RetryOptions } {
  const contexts: RetryContext[] = [];
  const backoff = (context: RetryContext): number => {
    contexts.push(context);
    return 0;
  };
  return { contexts, retry: { retries: 5, backoff, ...options } };
}

describe.each(MODES)("retries in mode %s", (mode) => {
  const one = { mode, maxWorkers: 1 } as const;

  it("makes a call again until it succeeds, and counts its attempts on both sides", async () => {
    await using pool = FlakyWorker.options({ ...one, retry: { retries: 3, wait: 0 } }).init();
    const future = pool.fetch("page", 2);
    expect(await future).toMatchObject({ value: "page", attempt: 3, id: future.id });
    expect(future.attempts).toBe(3);
    expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0, done: 1, failed: 0, retried: 2 });
  });

  it("fails with the last error when they are used up, and not at all without the option", async () => {
    await using pool = FlakyWorker.options({ ...one, retry: { retries: 2, wait: 0 } }).init();
    const future = pool.fetch("page", 9);
    await expect(future).rejects.toBeInstanceOf(UnavailableError);
    expect(future.attempts).toBe(3);
    expect(pool.stats().calls).toMatchObject({ done: 0, failed: 1, retried: 2 });
    await using plain = FlakyWorker.options(one).init();
    await expect(plain.fetch("page", 1)).rejects.toBeInstanceOf(UnavailableError);
  });

  it.each([
    ["exponential", [13, 26, 52, 60]],
    ["linear", [13, 26, 39, 52]],
    ["fibonacci", [13, 13, 26, 39]],
  ] as const)("waits longer each time: %s", async (backoff, waits) => {
    const retry: RetryOptions = { retries: 4, backoff, wait: 13, maxWait: 60, jitter: 0 };
    await using pool = FlakyWorker.options({ ...one, retry }).init();
    await pool.ready();
    const delays = recordDelays();
    const startedAt = performance.now();
    await pool.fetch("page", 4);
    const took = performance.now() - startedAt;
    expect(delays()).toEqual(waits);
    // Each timer may fire up to a ms early.
    expect(took).toBeGreaterThanOrEqual(waits.reduce<number>((sum, wait) => sum + wait - 1, 0));
  });

  it("waits within the jitter", async () => {
    const retry: RetryOptions = { retries: 9, backoff: "linear", wait: 1, jitter: 0.5 };
    await using pool = FlakyWorker.options({ ...one, retry }).init();
    await pool.ready();
    const delays = recordDelays();
    await pool.fetch("page", 9);
    const waits = delays() as number[];
    expect(waits).toHaveLength(9);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThan((index + 1) * 0.5);
      expect(wait).toBeLessThanOrEqual(index + 1);
    }
  });

  it("tells functions all about the attempt", async () => {
    const { contexts, retry } = recordContexts({ on: (context) => contexts.push(context) > 0 });
    await using pool = FlakyWorker.options({ ...one, retry }).init();
    await pool.fetch("page", 2);
    expect(contexts).toHaveLength(4);
    for (const [index, context] of contexts.entries()) {
      expect(context).toMatchObject({ attempt: 1 + Math.floor(index / 2), method: "fetch", args: ["page", 2] });
      expect(context.error).toBeInstanceOf(UnavailableError);
      expect(context.elapsed).toBeGreaterThanOrEqual(contexts[index - 1]?.elapsed ?? 0);
    }
  });

  it("repeats errors of the classes, and those that a predicate chooses, and no others", async () => {
    const on = [UnavailableError, ({ error }: RetryContext) => (error as Error).message === "Too many requests"];
    await using pool = FlakyWorker.options({ ...one, retry: { retries: 1, wait: 0, on } }).init();
    expect(await pool.busy({})).toBe(2);
    expect(await pool.fetch("page", 1)).toMatchObject({ attempt: 2 });
    const refused = pool.refuse();
    await expect(refused).rejects.toBeInstanceOf(RefusedError);
    expect(refused.attempts).toBe(1);
  });

  it("fails with what a function of the user's throws", async () => {
    const blunder = new EvalError("A blunder");
    const throws = (): never => {
      throw blunder;
    };
    for (const retry of [{ on: throws }, { backoff: throws }, { until: throws }]) {
      await using pool = FlakyWorker.options({ ...one, retry: { retries: 3, wait: 0, ...retry } }).init();
      const future = "until" in retry ? pool.answer(1) : pool.fetch("page", 1);
      expect(await future.exception()).toBe(blunder);
      expect(future.attempts).toBe(1);
    }
  });

  it.each([
    ["retry-after-ms in headers", { headers: { "retry-after-ms": "21" } }, 21],
    ["retry-after in headers of the response", { response: { headers: { "Retry-After": "0.022" } } }, 22],
    ["retryAfter in seconds", { retryAfter: 0.023 }, 23],
    ["less than the backoff", { retryAfter: 0.001 }, 7],
  ])("waits as long as the error asks for: %s", async (_, fields, wait) => {
    await using pool = FlakyWorker.options({ ...one, retry: { retries: 1, wait: 7, maxWait: 10, jitter: 0 } }).init();
    await pool.ready();
    const delays = recordDelays();
    expect(await pool.busy(fields)).toBe(2);
    expect(delays()).toEqual([wait]);
  });

  it("waits as the backoff says where errors are not to be listened to", async () => {
    const retry: RetryOptions = { retries: 1, wait: 7, jitter: 0, honorRetryAfter: false };
    await using pool = FlakyWorker.options({ ...one, retry }).init();
    await pool.ready();
    const delays = recordDelays();
    expect(await pool.busy({ retryAfter: 60 })).toBe(2);
    expect(delays()).toEqual([7]);
  });

  it("keeps all calls together within the budget", async () => {
    // One retry in ten seconds, however many calls there are.
    const retry: RetryOptions = { retries: 5, wait: 0, budget: { ratio: 0, min: 0.1 } };
    await using pool = FlakyWorker.options({ ...one, retry }).init();
    const settled = await Promise.allSettled(Array.from({ length: 5 }, (_, index) => pool.fetch(index, 1)));
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(pool.stats().calls).toMatchObject({ done: 1, failed: 4, retried: 1 });
  });

  it("has settings of its own for a method, which replace those of the pool and of the definition", async () => {
    const { contexts, retry } = recordContexts({ retries: 1 });
    await using pool = FlakyWorker.options({ ...one, retry: { retries: 0 }, methods: { fetch: { retry } } }).init();
    expect(await pool.fetch("page", 1)).toMatchObject({ attempt: 2 });
    await expect(pool.fetchNow("page", 1)).rejects.toBeInstanceOf(UnavailableError);
    expect(contexts).toHaveLength(1);

    await using defined = PersistentWorker.options(one).init();
    expect(await defined.fetch("page", 3)).toMatchObject({ attempt: 4 });
    await expect(defined.fetchNow("page", 1)).rejects.toBeInstanceOf(UnavailableError);
    await using replaced = PersistentWorker.options({ ...one, methods: { fetchNow: { retry } } }).init();
    expect(await replaced.fetchNow("page", 1)).toMatchObject({ attempt: 2 });
    await using lesser = PersistentWorker.options({ ...one, retry: { retries: 0 } }).init();
    await expect(lesser.fetch("page", 1)).rejects.toBeInstanceOf(UnavailableError);
  });

  it("gives each attempt the results of futures among the arguments", async () => {
    const { contexts, retry } = recordContexts();
    await using pool = FlakyWorker.options({ ...one, retry }).init();
    await using other = FlakyWorker.options({ mode: "async" }).init();
    const nested = { list: [other.answer("a"), other.answer("b")] };
    expect(await pool.fetch(nested, 2)).toMatchObject({ value: { list: ["a", "b"] }, attempt: 3 });
    expect(contexts[1]!.args).toEqual([{ list: ["a", "b"] }, 2]);
    const failed = pool.fetch(other.refuse() as unknown, 0);
    await expect(failed).rejects.toBeInstanceOf(RefusedError);
    expect(failed.attempts).toBe(0);
  });

  describe("during a backoff", () => {
    const retry: RetryOptions = { retries: 1, wait: FOR_EVER, maxWait: FOR_EVER, jitter: 0 };

    it.each(["cancel", "signal"] as const)("ends at once: %s", async (how) => {
      await using pool = FlakyWorker.options({ ...one, retry }).init();
      const controller = new AbortController();
      const future = pool.with({ signal: controller.signal }).fetch("page", 1);
      await until(() => pool.stats().calls.retried === 1);
      expect(future.status).toBe("queued");
      expect(pool.stats().calls).toMatchObject({ queued: 1, running: 0 });
      const reason = new Error("No longer wanted");
      if (how === "cancel") future.cancel(reason);
      else controller.abort(reason);
      expect(future.status).toBe("cancelled");
      expect(await future.exception()).toBe(reason);
      await pool.drain();
      expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0, cancelled: 1, retried: 1 });
      expect(await pool.begun()).toBe(1);
    });

    it("times out, as the timeout is one of all attempts together", async () => {
      await using pool = FlakyWorker.options({ ...one, retry }).init();
      await pool.ready();
      const future = pool.with({ timeout: 1000 }).fetch("page", 1);
      await expect(future).rejects.toBeInstanceOf(TimeoutError);
      expect(future.attempts).toBe(1);
      expect(pool.stats().calls).toMatchObject({ queued: 0, failed: 1, retried: 1 });
    });

    it("ends when the pool is stopped", async () => {
      await using pool = FlakyWorker.options({ ...one, retry }).init();
      const future = pool.fetch("page", 1);
      await until(() => pool.stats().calls.retried === 1);
      await pool.stop();
      expect(future.status).toBe("cancelled");
      await expect(future).rejects.toBeInstanceOf(PoolStoppedError);
    });

    it("leaves the worker to other calls", async () => {
      await using pool = FlakyWorker.options({ ...one, retry }).init();
      const waiting = pool.fetch("page", 1);
      await until(() => pool.stats().calls.retried === 1);
      expect(await pool.fetch("other", 0)).toMatchObject({ value: "other", attempt: 1 });
      waiting.cancel();
    });
  });

  it("retries a stream before its first item, and never after", async () => {
    await using pool = FlakyWorker.options({ ...one, retry: { retries: 2, wait: 0 } }).init();
    expect(await collect(pool.items(0, 2))).toEqual([-1]);
    expect(pool.stats().calls.retried).toBe(2);
    const items: number[] = [];
    const reading = (async () => {
      for await (const item of pool.items(3, 2)) items.push(item);
    })();
    await expect(reading).rejects.toBeInstanceOf(UnavailableError);
    expect(items).toEqual([0, 1, 2]);
    expect(pool.stats().calls.retried).toBe(2);
  });
});

describe("retries in mode sync", () => {
  it("leave a synchronous method settled at once when it succeeds, and pending while it waits to be made again", async () => {
    await using pool = FlakyWorker.options({ mode: "sync", retry: { retries: 1, wait: 0 } }).init();
    expect(pool.fetchNow("page", 0).status).toBe("done");
    const future = pool.fetchNow("page", 1);
    expect(future.status).toBe("queued");
    expect(await future).toMatchObject({ attempt: 2 });
  });
});

describe.each(POOL_MODES)("retries on several workers in mode %s", (mode) => {
  it("stay on the worker that took the call", async () => {
    const { contexts, retry } = recordContexts();
    await using pool = FlakyWorker.options({ mode, maxWorkers: 3, retry, loadBalancing: "random" }).init();
    await pool.ready();
    const results = await Promise.all(Array.from({ length: 9 }, (_, index) => pool.fetch(index, 5)));
    expect(contexts).toHaveLength(45);
    const workers = new Map(results.map(({ value, worker }) => [value, worker]));
    for (const { error, args } of contexts) expect((error as UnavailableError).worker).toBe(workers.get(args[0]));
  });

  it("stay on the worker that a call was made to by name", async () => {
    await using pool = FlakyWorker.options({ mode, maxWorkers: 2, retry: { retries: 3, wait: 0 } }).init();
    const results: Success[] = await Promise.all([0, 1].map((index) => pool.workers[index]!.fetch(index, 3)));
    expect(new Set(results.map(({ worker }) => worker)).size).toBe(2);
    expect(results.map(({ attempt }) => attempt)).toEqual([4, 4]);
  });

  it("go to another where each call has a worker of its own", async () => {
    const { contexts, retry } = recordContexts();
    await using pool = FlakyWorker.options({ mode, onDemand: true, maxWorkers: 2, retry }).init();
    const { worker, attempt } = await pool.fetch("page", 2);
    expect(attempt).toBe(3);
    expect(new Set([worker, ...contexts.map(({ error }) => (error as UnavailableError).worker)]).size).toBe(3);
  });
});

describe.each(REMOTE_MODES)("retries in mode %s", (mode) => {
  const withJournal = async (test: (journal: string, lines: () => string[]) => Promise<void>): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
    const journal = join(folder, "attempts");
    try {
      await test(journal, () => readFileSync(journal, "utf8").trim().split("\n"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it.each([
    ["by default", undefined],
    ["for `Error`", [Error]],
    ["for other classes", [UnavailableError]],
  ])("do not repeat a call that was killed with its worker: %s", async (_, on) => {
    await withJournal(async (journal, lines) => {
      await using pool = FlakyWorker.options({ mode, maxWorkers: 1, retry: { retries: 3, wait: 0, on } }).init();
      const future = pool.crash(journal, 1);
      await expect(future).rejects.toBeInstanceOf(WorkerCrashedError);
      expect(future.attempts).toBe(1);
      expect(lines()).toHaveLength(1);
    });
  });

  it("repeat a call that was killed with its worker on another, where they are told so", async () => {
    await withJournal(async (journal, lines) => {
      const retry: RetryOptions = { retries: 3, wait: 0, on: WorkerCrashedError };
      await using pool = FlakyWorker.options({ mode, maxWorkers: 2, retry }).init();
      const future = pool.crash(journal, 2);
      const { worker, attempt } = await future;
      expect(attempt).toBe(3);
      expect(future.attempts).toBe(3);
      const attempts = lines();
      expect(attempts.map((line) => line.split(" ")[0])).toEqual(["1", "2", "3"]);
      expect(new Set(attempts.map((line) => line.split(" ")[1])).size).toBe(3);
      expect(attempts[2]).toContain(worker);
      expect(pool.stats()).toMatchObject({ calls: { retried: 2, done: 1 }, workers: { restarts: 2 } });
    });
  });

  it("cost a call nothing that never began", async () => {
    await withJournal(async (journal) => {
      await using pool = FlakyWorker.options({ mode, maxWorkers: 1, retry: { retries: 0 } }).init();
      await pool.ready();
      const dying = pool.crash(journal, 1);
      const behind = Array.from({ length: 4 }, (_, index) => pool.fetch(index, 0));
      await expect(dying).rejects.toBeInstanceOf(WorkerCrashedError);
      expect((await Promise.all(behind)).map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
      expect(pool.stats().calls.retried).toBe(0);
    });
  });

  it("never repeat a call whose arguments were handed over", async () => {
    await using pool = FlakyWorker.options({ mode, maxWorkers: 1, retry: { retries: 3, wait: 0 } }).init();
    const buffer = new ArrayBuffer(8);
    const future = pool.with({ transfer: [buffer] }).size(buffer);
    await expect(future).rejects.toBeInstanceOf(UnavailableError);
    expect(future.attempts).toBe(1);
  });
});
