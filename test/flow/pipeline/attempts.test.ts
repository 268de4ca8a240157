/** Retries, limits and timeouts of stages. */
import { type Clock, LimitSet, perWorker, pipeline, RateLimit, ResourceLimit, TimeoutError } from "manyhands";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Numbers } from "../gate.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const EXACT = { wait: 100, jitter: 0, backoff: "linear" } as const;

/** Fails so many times for each item. */
function flaky(times: number): { fn: (n: number) => Promise<number>; at: number[] } {
  const failures = new Map<number, number>();
  const at: number[] = [];
  const fn = async (n: number): Promise<number> => {
    at.push(Date.now());
    const count = (failures.get(n) ?? 0) + 1;
    failures.set(n, count);
    if (count <= times) throw new RangeError(`try ${count}`);
    return n;
  };
  return { fn, at };
}

describe("retry", () => {
  it("tries an item again after its backoff, and counts that", async () => {
    const { fn, at } = flaky(2);
    const start = Date.now();
    const run = pipeline([1])
      .stage(fn, { retry: { retries: 2, ...EXACT } })
      .run();
    const result = run.toArray();
    await vi.advanceTimersByTimeAsync(300);
    expect(await result).toEqual([1]);
    expect(at.map((time) => time - start)).toEqual([0, 100, 300]);
    expect(run.stats().stages[0]).toMatchObject({ in: 1, out: 1, failed: 0, retried: 2 });
  });

  it("fails with the last error when there are no more", async () => {
    const { fn } = flaky(5);
    const run = pipeline([1])
      .stage(fn, { name: "flaky", retry: { retries: 1, ...EXACT } })
      .run({ onError: "collect" });
    const result = Promise.resolve(run);
    await vi.advanceTimersByTimeAsync(100);
    expect((await result).failures).toMatchObject([{ stage: "flaky", error: new RangeError("try 2") }]);
  });

  it("looks at results, and tells its functions the stage and the input", async () => {
    const seen: unknown[] = [];
    let count = 0;
    const run = pipeline(["a"])
      .stage(() => (count += 1), {
        name: "count",
        retry: {
          retries: 3,
          ...EXACT,
          until: (result, { attempt, method, args }) => {
            seen.push([result, attempt, method, args]);
            return result === 2;
          },
        },
      })
      .run()
      .toArray();
    await vi.advanceTimersByTimeAsync(100);
    expect(await run).toEqual([2]);
    expect(seen).toEqual([
      [1, 1, "count", ["a"]],
      [2, 2, "count", ["a"]],
    ]);
  });

  it("tries a batch again as a whole", async () => {
    const batches: number[][] = [];
    const fn = async (items: number[], { attempt, index }: { attempt: number; index: number }): Promise<number[]> => {
      batches.push([attempt, index, ...items]);
      if (attempt === 1) throw new RangeError("first");
      return items;
    };
    const run = pipeline(new Numbers(3))
      .stage(fn, { batch: { size: 2 }, concurrency: 1, retry: { retries: 1, ...EXACT } })
      .run()
      .toArray();
    await vi.advanceTimersByTimeAsync(200);
    expect(await run).toEqual([0, 1, 2]);
    expect(batches).toEqual([
      [1, 0, 0, 1],
      [2, 0, 0, 1],
      [1, 2, 2],
      [2, 2, 2],
    ]);
  });

  it("ends a backoff when the pipeline ends", async () => {
    const { fn, at } = flaky(5);
    const controller = new AbortController();
    const run = pipeline([1])
      .stage(fn, { retry: { retries: 5, ...EXACT } })
      .run(controller);
    const outcome = expect(run).rejects.toThrow("enough");
    await vi.advanceTimersByTimeAsync(50);
    controller.abort(new Error("enough"));
    await outcome;
    expect(at).toHaveLength(1);
  });
});

describe("limits", () => {
  const fakeClock: Clock = {
    now: () => Date.now(),
    after: (ms, fn) => {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
  };

  it("are taken by each attempt and given back between attempts", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "slots", capacity: 1 })], { clock: fakeClock });
    const inUse = (): number => limits.stats().limits[0]!.inUse;
    const seen: number[] = [];
    const fn = async (n: number, { attempt }: { attempt: number }): Promise<number> => {
      seen.push(inUse());
      if (attempt === 1) throw new RangeError("first");
      return n;
    };
    const run = pipeline([1])
      .stage(fn, { limits, retry: { retries: 1, ...EXACT } })
      .run()
      .toArray();
    await vi.advanceTimersByTimeAsync(50);
    expect(inUse()).toBe(0);
    await vi.advanceTimersByTimeAsync(50);
    expect(await run).toEqual([1]);
    expect(seen).toEqual([1, 1]);
    expect(inUse()).toBe(0);
  });

  it("take what cost says, and settle what usage says", async () => {
    const tokens = new RateLimit({ key: "tokens", capacity: 100, window: 1000, guard: 0 });
    const limits = new LimitSet([tokens], { clock: fakeClock });
    const run = pipeline([60, 60])
      .stage(async (n) => n / 2, {
        limits,
        cost: (n) => ({ tokens: n }),
        usage: (result) => ({ tokens: result }),
        concurrency: 1,
      })
      .run()
      .toArray();
    await vi.advanceTimersByTimeAsync(10);
    expect(await run).toEqual([30, 30]);
    expect(limits.stats().limits[0]!.inUse).toBe(60);
  });

  it("never let more run than they allow, also where the stage would", async () => {
    let running = 0;
    let most = 0;
    const fn = async (n: number): Promise<number> => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return n;
    };
    const limits = [new ResourceLimit({ key: "slots", capacity: 2 })];
    const run = pipeline(new Numbers(10)).stage(fn, { limits, concurrency: 8 }).run().toArray();
    await vi.advanceTimersByTimeAsync(25);
    expect(await run).toHaveLength(10);
    expect(most).toBe(2);
  });

  it("fail an item that asks for more than there can ever be, without another attempt", async () => {
    const limits = [new ResourceLimit({ key: "slots", capacity: 2 })];
    const run = pipeline([5, 1])
      .stage((n) => n, { limits, cost: (n) => ({ slots: n }), retry: { retries: 3 } })
      .run({ onError: "collect" });
    const { results, failures } = await run;
    expect(results).toEqual([1]);
    expect(failures).toMatchObject([{ item: 5, error: expect.any(RangeError) }]);
    expect(run.stats().stages[0]!.retried).toBe(0);
  });

  it("are given back when usage throws, and that is the item's error", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "slots", capacity: 1 })]);
    const usage = (): never => {
      throw new RangeError("usage");
    };
    await expect(
      pipeline([1])
        .stage((n) => n, { limits, usage })
        .run(),
    ).rejects.toThrow("usage");
    expect(limits.stats().limits[0]!.inUse).toBe(0);
  });

  it("are left by those who wait when the pipeline ends", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "slots", capacity: 1 })]);
    const held = await limits.acquire();
    const controller = new AbortController();
    const outcome = expect(
      pipeline([1, 2])
        .stage((n) => n, { limits })
        .run(controller),
    ).rejects.toThrow("enough");
    await Promise.resolve();
    expect(limits.stats().waiting).toBe(2);
    controller.abort(new Error("enough"));
    await outcome;
    expect(limits.stats().waiting).toBe(0);
    held.release();
  });

  it("cannot be a worker's own", () => {
    expect(() => pipeline([1]).stage((n) => n, { limits: perWorker(() => []) as never })).toThrow(
      "Cannot set 'limits' to perWorker(…) as a stage has no workers: set it for the pool",
    );
  });
});

describe("timeout", () => {
  it("fails an item that takes longer, fires its signal, and gives limits back when the function ends", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "slots", capacity: 4 })]);
    const signals: AbortSignal[] = [];
    const fn = async (ms: number, { signal }: { signal: AbortSignal }): Promise<number> => {
      signals.push(signal);
      return new Promise((resolve) => setTimeout(() => resolve(ms), ms));
    };
    const run = pipeline([10, 100]).stage(fn, { name: "slow", timeout: 50, limits }).run({ onError: "collect" });
    const ended = Promise.resolve(run);
    await vi.advanceTimersByTimeAsync(50);
    const { results, failures } = await ended;
    expect(results).toEqual([10]);
    expect(failures).toMatchObject([
      { item: 100, error: { message: "Cannot finish an item of stage 'slow' as it took longer than 50 ms" } },
    ]);
    expect(failures[0]!.error).toBeInstanceOf(TimeoutError);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    expect(limits.stats().limits[0]!.inUse).toBe(1);
    await vi.advanceTimersByTimeAsync(50);
    expect(limits.stats().limits[0]!.inUse).toBe(0);
  });

  it("counts attempts and backoffs in, and does not try again after it", async () => {
    const { fn, at } = flaky(9);
    const run = pipeline([1])
      .stage(fn, { timeout: 150, retry: { retries: 9, ...EXACT } })
      .run();
    const outcome = expect(run).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(1000);
    await outcome;
    expect(at).toHaveLength(2);
  });

  it("gives the place of an item to another when its function has ended, not when it was given up", async () => {
    let running = 0;
    let most = 0;
    const deaf = async (ms: number): Promise<number> => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, ms));
      running -= 1;
      return ms;
    };
    const run = pipeline([100, 100, 10]).stage(deaf, { concurrency: 1, timeout: 50 }).run({ onError: "collect" });
    const ended = Promise.resolve(run);
    await vi.advanceTimersByTimeAsync(60);
    expect(run.failures).toHaveLength(1);
    expect(run.stats().stages[0]).toMatchObject({ in: 1, failed: 1, running: 1 });
    await vi.advanceTimersByTimeAsync(150);
    expect(await ended).toMatchObject({ results: [10], failures: [{ item: 100 }, { item: 100 }] });
    expect(most).toBe(1);
  });

  it("gives it to another after a while all the same, and says so once", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    try {
      const never = (n: number): Promise<number> => (n < 3 ? new Promise(() => {}) : Promise.resolve(n));
      const run = pipeline([1, 2, 3, 4]).stage(never, { concurrency: 1, timeout: 50 }).run({ onError: "skip" });
      const ended = Promise.resolve(run);
      await vi.advanceTimersByTimeAsync(2 * 5050);
      expect((await ended).results).toEqual([3, 4]);
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]).toMatchObject([
        expect.stringMatching(/'never' .* 5000 ms ago/),
        { code: "MH_LEFT_BEHIND" },
      ]);
    } finally {
      warn.mockRestore();
    }
  });

  it("does not wait for a place that nobody needs", async () => {
    const run = pipeline([1])
      .stage(() => new Promise(() => {}), { timeout: 50 })
      .run({ onError: "skip" });
    const ended = Promise.resolve(run);
    await vi.advanceTimersByTimeAsync(50);
    expect((await ended).results).toEqual([]);
  });
});
