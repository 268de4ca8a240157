import { pipeline, type Pipeline, type PipelineResult } from "manyhands";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { Calls, collect, Gate, Numbers, settle } from "../gate.js";

const increment = async (n: number): Promise<number> => n + 1;
const text = (n: number): string => `#${n}`;

afterEach(() => {
  vi.useRealTimers();
});

describe("pipeline", () => {
  it("passes each item through its stages, in order", async () => {
    const line = pipeline([1, 2, 3]).stage(increment).stage(text);
    expectTypeOf(line).toEqualTypeOf<Pipeline<string>>();
    const result = await line.run();
    expectTypeOf(result).toEqualTypeOf<PipelineResult<string>>();
    expect(result.results).toEqual(["#2", "#3", "#4"]);
    expect(result.failures).toEqual([]);
    expect(await line.run().toArray()).toEqual(["#2", "#3", "#4"]);
    expect(await collect(line.run())).toEqual(["#2", "#3", "#4"]);
    expect(await line.run().drain()).toMatchObject({ failures: [], stats: { in: 3, out: 3, failed: 0 } });
  });

  it("takes a stage's input from the stage before in its types", () => {
    const numbers = pipeline([1]);
    // @ts-expect-error -- a number is no string
    numbers.stage((item: string) => item);
    const batched = numbers.stage((items) => items.map(String), { batch: { size: 2 } });
    expectTypeOf(batched).toEqualTypeOf<Pipeline<string>>();
    const counted = numbers.stage(async (items) => items.length > 1, { batch: { size: 2, output: "one" } });
    expectTypeOf(counted).toEqualTypeOf<Pipeline<boolean>>();
    expectTypeOf(pipeline([Promise.resolve(1)])).toEqualTypeOf<Pipeline<number>>();
  });

  it("passes items through without a stage, and waits for those that are promises", async () => {
    expect((await pipeline([Promise.resolve(1), 2]).run()).results).toEqual([1, 2]);
    expect(
      (
        await pipeline([Promise.resolve(1), 2])
          .stage(increment)
          .run()
      ).results,
    ).toEqual([2, 3]);
    const batched = pipeline([Promise.resolve(1), 2]).stage((items) => items.map(text), { batch: { size: 2 } });
    expect((await batched.run()).results).toEqual(["#1", "#2"]);
  });

  it("works in all stages at the same time, each within its own concurrency", async () => {
    const first = new Calls<number>();
    const second = new Calls<number>();
    const run = pipeline(new Numbers(5))
      .stage(first.fn, { concurrency: 3 })
      .stage(second.fn, { concurrency: 1, window: 2 })
      .run();
    const results = run.toArray();
    await settle();
    expect(first.begun).toEqual([0, 1, 2]);
    first.end(0, 1);
    await settle();
    expect([first.begun, second.begun]).toEqual([[0, 1, 2, 3, 4], [0]]);
    expect(run.stats().stages).toMatchObject([
      { concurrency: 3, in: 5, out: 2, running: 3, waiting: 0 },
      { concurrency: 1, in: 1, out: 0, running: 1, waiting: 1 },
    ]);
    first.end(2, 3, 4);
    for (let n = 0; n < 5; n += 1) {
      await settle();
      second.end(n);
    }
    expect(await results).toEqual([0, 1, 2, 3, 4]);
    expect(second.most).toBe(1);
  });

  it("gives results as they come in a stage that keeps no order", async () => {
    const calls = new Calls<number>();
    const run = pipeline([1, 2]).stage(calls.fn, { ordered: false }).stage(text).run();
    const first = run.next();
    calls.end(2);
    expect(await first).toEqual({ value: "#2", done: false });
    calls.end(1);
    expect(await collect(run)).toEqual(["#1"]);
  });

  it("bounds what is in it by the windows, however slow the last stage is", async () => {
    const source = new Numbers(1_000_000);
    let delivered = 0;
    let ahead = 0;
    const watch = (n: number): number => {
      ahead = Math.max(ahead, source.pulled - delivered);
      return n;
    };
    const run = pipeline(source)
      .stage(async (n) => watch(n), { concurrency: 4, window: 8 })
      .stage((items) => items.map(watch), { concurrency: 1, window: 2, batch: { size: 5 } })
      .stage(async (n) => n, { concurrency: 1, window: 3 })
      .run();
    for await (const n of run) {
      if (n !== delivered) throw new Error(`${n} came in place of ${delivered}`);
      delivered += 1;
      // A reader that is slow lets everything before it fill up.
      if (delivered % 1000 === 0) await settle();
      if (delivered === 100_000) break;
    }
    expect(ahead).toBeLessThanOrEqual(8 + (2 + 2) * 5 + 3);
    expect(ahead).toBeGreaterThan(8);
    expect(source.isClosed).toBe(true);
    expect(source.pulled).toBeLessThan(100_100);
  });

  it("begins nothing before it is asked, and runs an array as often as one likes", async () => {
    const calls = new Calls<number>();
    const line = pipeline([1]).stage(calls.fn);
    const run = line.run();
    await settle();
    expect(calls.begun).toEqual([]);
    expect(run.stats()).toMatchObject({ elapsed: 0, in: 0, out: 0 });
    const results = [run.toArray(), line.run().toArray()];
    calls.end(1);
    await settle();
    expect(calls.begun).toEqual([1, 1]);
    calls.end(1);
    void Promise.allSettled(results);
    await line.run().return();
    const once = pipeline(new Numbers(1));
    expect(await once.run().toArray()).toEqual([0]);
    expect(() => once.stage(text).run()).toThrow(
      "Cannot run the pipeline again as its source may be read already: make a new one",
    );
  });

  it("tells a function where its item comes from and which attempt it is", async () => {
    const seen: unknown[] = [];
    const run = pipeline(["a", "b", "c"])
      .stage((item) => (item === "a" ? Promise.reject(new Error("no")) : item))
      .stage((item, { index, attempt, signal }) => seen.push([item, index, attempt, signal.aborted]))
      .run({ onError: "skip" });
    await run.drain();
    expect(seen).toEqual([
      ["b", 1, 1, false],
      ["c", 2, 1, false],
    ]);
  });

  it("counts what its stages do", async () => {
    vi.useFakeTimers();
    const wait = async (ms: number): Promise<number> => new Promise((resolve) => setTimeout(() => resolve(ms), ms));
    const run = pipeline([10, 20, 30]).stage(wait, { concurrency: 1, name: "wait" }).stage(text).run();
    const ended = run.drain();
    await vi.advanceTimersByTimeAsync(15);
    expect(run.stats()).toMatchObject({ elapsed: 15, in: 2, out: 1 });
    await vi.advanceTimersByTimeAsync(45);
    const { stats } = await ended;
    expect(stats).toMatchObject({ elapsed: 60, in: 3, out: 3, failed: 0 });
    expect(stats.stages[0]).toMatchObject({
      name: "wait",
      in: 3,
      out: 3,
      busy: 60,
      run: { count: 3, mean: 20, max: 30 },
    });
    expect(stats.stages[1]!.name).toBe("text");
    await vi.advanceTimersByTimeAsync(100);
    expect(run.stats().elapsed).toBe(60);
  });

  it("names its stages after their functions, and no two of them alike", () => {
    const names = pipeline([1])
      .stage(increment)
      .stage(increment)
      .stage(text, { name: "mine" })
      .stage(((n) => n) as (n: string) => string)
      .run()
      .stats()
      .stages.map(({ name }) => name);
    expect(names).toEqual(["increment", "increment 2", "mine", "stage 4"]);
  });

  it.each([
    [{ concurrency: 0 }, "Cannot set 'concurrency' as it must be a positive integer: current value is 0"],
    [{ concurrency: 4, window: 2 }, "Cannot set 'window' as it must be at least the concurrency"],
    [{ batch: { size: 0 } }, "Cannot set 'batch.size' as it must be a positive integer: current value is 0"],
    [
      { batch: { size: 2, maxwait: 5 } },
      "Cannot set 'batch.maxwait' as there is no such option: did you mean 'maxWait'?",
    ],
    [{ batch: { size: 2, output: "on" } }, "did you mean 'one'?"],
    [{ batch: { size: 2, maxWait: -1 } }, "Cannot set 'batch.maxWait' as it must be a number of ms"],
    [{ onError: "stopp" }, "current value is 'stopp', did you mean 'stop'?"],
    [{ timeout: "1s" }, "Cannot set 'timeout' as it must be a number of ms"],
    [{ retri: {} }, "Cannot set 'options.retri' as there is no such option: did you mean 'retry'?"],
    [{ retry: { retries: -1 } }, "Cannot set 'retry.retries'"],
    [{ name: "" }, "Cannot set 'name' as it must be a text: current value is ''"],
    [{ cost: () => ({}) }, "Cannot set 'cost' as the stage has no limits: set 'limits' too"],
    [{ limits: 5 }, "Cannot set 'limits' as it must be a list of limits"],
  ])("refuses a stage with %j at once", (options, message) => {
    expect(() => pipeline([1]).stage(increment, options as object)).toThrow(message);
  });

  it("refuses what is no source, no function and no option at once", () => {
    expect(() => pipeline(5 as unknown as number[])).toThrow("Cannot read the source of a pipeline");
    expect(() => pipeline([1]).stage("x" as unknown as () => void)).toThrow(
      "Cannot add a stage as it must be a function, a task or a method of a pool: current value is 'x'",
    );
    expect(() => pipeline([1]).run({ onErr: "stop" } as object)).toThrow("did you mean 'onError'?");
    expect(() => pipeline([1]).run({ onError: "ignore" as "skip" })).toThrow(
      "must be one of 'stop', 'skip', 'collect'",
    );
    expect(() => pipeline([1]).run({ signal: 1 as unknown as AbortSignal })).toThrow("must be an AbortSignal");
  });

  it("is read once: iterated, awaited or drained", async () => {
    const run = pipeline([1, 2]).stage(increment).run();
    expect((await run).results).toEqual([2, 3]);
    expect((await run).results).toEqual([2, 3]);
    await expect(run.next()).rejects.toThrow("Cannot iterate the pipeline as it is awaited already");
    const gate = new Gate();
    const other = pipeline([1, 2])
      .stage(async () => gate.promise)
      .run();
    const next = other.next();
    await expect(other).rejects.toThrow("Cannot await the pipeline as it is iterated already");
    gate.open();
    await next;
    await other[Symbol.asyncDispose]();
  });
});
