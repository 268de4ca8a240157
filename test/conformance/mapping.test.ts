/** Mappings and pipelines over pools, in every mode. */
import { type Future, map, type Mapping, pipeline, type Pipeline, TaskPool } from "manyhands";
import { describe, expect, expectTypeOf, it } from "vitest";
import { FlowWorker } from "#fixtures/flow.js";
import { square } from "#fixtures/tasks.js";
import { MODES, POOL_MODES, REMOTE_MODES } from "./modes.js";

const NUMBERS = Array.from({ length: 50 }, (_, n) => n);
const DOUBLED = NUMBERS.map((n) => 2 * n);

describe.each(MODES)("mapping in mode %s", (mode) => {
  it("calls a method for each item or batch, with that alone", async () => {
    await using pool = FlowWorker.options({ mode, maxWorkers: 1 }).init();
    const mapping = map(NUMBERS, pool.double);
    expectTypeOf(mapping).toEqualTypeOf<Mapping<number>>();
    expect(await mapping).toEqual(DOUBLED);
    expect(await map(["a", "b"], pool.count)).toEqual([1, 1]);
    const labels = map([1, 2], pool.label);
    expectTypeOf(labels).toEqualTypeOf<Mapping<string>>();
    expect(await labels).toEqual(["1 pieces", "2 pieces"]);
    const labelled = pipeline([1, 2]).stage(pool.label).run();
    expect((await labelled).results).toEqual(["1 pieces", "2 pieces"]);
    const batched = pipeline([1, 2]).stage(pool.labelAll, { batch: { size: 2 } });
    expectTypeOf(batched).toEqualTypeOf<Pipeline<string>>();
    expect((await batched.run()).results).toEqual(["1 pieces", "2 pieces"]);
    const failing = map(NUMBERS, (n) => pool.failOn(n, 20));
    await expect(failing).rejects.toThrow(new RangeError("no 20"));

    const line = pipeline(NUMBERS)
      .stage(pool.double)
      .stage(pool.doubleAll, { batch: { size: 8 } });
    expectTypeOf(line).toEqualTypeOf<Pipeline<number>>();
    const { results, stats } = await line.run();
    expect(results).toEqual(NUMBERS.map((n) => 4 * n));
    expect(stats.stages.map(({ name, in: began, run }) => [name, began, run.count])).toEqual([
      ["Flow.double", NUMBERS.length, NUMBERS.length],
      ["Flow.doubleAll", NUMBERS.length, Math.ceil(NUMBERS.length / 8)],
    ]);
  });
});

describe("a method that is passed on", () => {
  it("belongs to its pool, unless it was taken off a view, which it is told of", async () => {
    await using pool = FlowWorker.options({ mode: "async" }).init();
    const { double } = pool;
    expect(await double(1)).toBe(2);
    const message =
      "Cannot call 'double' as it was taken off what 'with' or 'workers' gave: pass (…) => view.double(…)";
    const { double: urgent } = pool.with({ priority: 1 });
    expect(() => urgent(1)).toThrow(message);
    await expect(map([1], pool.workers[0]!.double)).rejects.toThrow(message);
  });
});

describe.each(POOL_MODES)("mapping that ends early in mode %s", (mode) => {
  it("cancels the calls in flight", async () => {
    await using pool = FlowWorker.options({ mode, maxWorkers: 1, concurrency: 2 }).init();
    await pool.ready();
    const futures: Future<number>[] = [];
    const controller = new AbortController();
    const mapping = map(
      NUMBERS,
      (n) => {
        const future = pool.wait(n) as Future<number>;
        futures.push(future);
        return future;
      },
      { concurrency: 3, signal: controller.signal },
    );
    const outcome = expect(mapping).rejects.toThrow("enough");
    await Promise.resolve();
    controller.abort(new Error("enough"));
    await outcome;
    expect(futures.map(({ status }) => status)).toEqual(["cancelled", "cancelled", "cancelled"]);
    await pool.drain();
    expect(pool.stats().workers.restarts).toBe(0);
  });
});

describe.each(REMOTE_MODES)("mapping over workers that die in mode %s", (mode) => {
  it("keeps every other item", async () => {
    await using pool = FlowWorker.options({ mode, maxWorkers: 1 }).init();
    const outcomes = await map([1, 2, 3, 4, 5], pool.dieOn, { settled: true });
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(outcomes[2]).toMatchObject({ reason: { code: "MH_WORKER_CRASHED" }, item: 3, index: 2 });
    // A worker of its own: of calls of a method known to be swift, a process may have begun several when it dies.
    await using other = FlowWorker.options({ mode, maxWorkers: 1 }).init();
    const { results, failures } = await pipeline([1, 2, 3, 4]).stage(other.dieOn).run({ onError: "collect" });
    expect(results).toEqual([1, 2, 4]);
    expect(failures).toMatchObject([{ stage: "Flow.dieOn", item: 3, index: 2, error: { code: "MH_WORKER_CRASHED" } }]);
  });
});

describe("mapping over pools", () => {
  it("keeps all workers busy: runs as many as they do, and what is handed ahead", async () => {
    const concurrencyOf = (options: object): number => {
      const pool = FlowWorker.options(options).init();
      const { concurrency } = pipeline([1]).stage(pool.double).run().stats().stages[0]!;
      void pool.stop();
      return concurrency;
    };
    expect(concurrencyOf({ mode: "sync" })).toBe(1);
    expect(concurrencyOf({ mode: "async", maxWorkers: 2, concurrency: 3 })).toBe(8);
    expect(concurrencyOf({ mode: "async" })).toBe(17);
    expect(concurrencyOf({ mode: "process", maxWorkers: 2 })).toBe(202);
    expect(concurrencyOf({ mode: "thread", maxWorkers: 2, maxQueuedTasks: 4 })).toBe(10);
    expect(concurrencyOf({ mode: "thread", maxWorkers: 2, maxQueuedTasks: 1e6 })).toBe(202);
    expect(concurrencyOf({ mode: "thread", maxWorkers: { max: 3 }, loadBalancing: "shared-queue" })).toBe(6);
  });

  it("follows the size of the pool", async () => {
    await using pool = FlowWorker.options({ mode: "async", maxWorkers: 1, concurrency: 1 }).init();
    const line = pipeline([1]).stage(pool.double);
    await pool.resize(4);
    expect(line.run().stats().stages[0]!.concurrency).toBe(8);
  });

  it("maps tasks and functions of a task pool with the same options", async () => {
    await using tripling = square.options({ mode: "async" });
    expect(await tripling.map([1, 2, Promise.resolve(3)], { concurrency: 2 })).toEqual([1, 4, 9]);
    expect(await map([1, 2], tripling)).toEqual([1, 4]);
    expect((await pipeline([2, 3]).stage(tripling).run()).results).toEqual([4, 9]);
    expect(await tripling.map([2], { settled: true })).toEqual([{ status: "fulfilled", value: 4, item: 2, index: 0 }]);
    await using pool = new TaskPool({ mode: "async" });
    const mapping = pool.map((n: number) => n + 1, new Set([1, 2]), { ordered: false });
    expectTypeOf(mapping).toEqualTypeOf<Mapping<number>>();
    expect(new Set(await mapping)).toEqual(new Set([2, 3]));
    expect(() => pool.map((n: number) => n, [1], { concurrency: -1 })).toThrow(RangeError);
  });
});
