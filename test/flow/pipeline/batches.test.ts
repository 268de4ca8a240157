import { pipeline } from "manyhands";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Numbers } from "../gate.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Items that come at these times, in ms. */
async function* timed(...times: number[]): AsyncGenerator<number> {
  let now = 0;
  for (const time of times) {
    const wait = time - now;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    now = time;
    yield time;
  }
}

describe("a stage with batches", () => {
  it("gathers as many as it may, and what is left at the end", async () => {
    const sizes: number[] = [];
    const sum = (items: number[]): number[] => {
      sizes.push(items.length);
      return items.map((n) => n + 1);
    };
    const { results } = await pipeline(new Numbers(8))
      .stage(sum, { batch: { size: 3 } })
      .run();
    expect(results).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(sizes).toEqual([3, 3, 2]);
  });

  it("takes one result for each batch where it says so", async () => {
    const sum = async (items: number[]): Promise<number> => items.reduce((a, b) => a + b, 0);
    const { results, stats } = await pipeline(new Numbers(7))
      .stage(sum, { batch: { size: 3, output: "one" } })
      .stage((n, { index }) => [n, index])
      .run();
    expect(results).toEqual([
      [3, 0],
      [12, 3],
      [6, 6],
    ]);
    expect(stats).toMatchObject({
      in: 7,
      out: 3,
      stages: [
        { in: 7, out: 3 },
        { in: 3, out: 3 },
      ],
    });
  });

  it("waits for a batch to fill no longer than maxWait, from its first item on", async () => {
    const batches: number[][] = [];
    const run = pipeline(timed(0, 10, 40, 100, 101, 102))
      .stage((items) => void batches.push(items), { batch: { size: 3, maxWait: 50, output: "one" } })
      .run()
      .drain();
    await vi.advanceTimersByTimeAsync(39);
    expect(batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(batches).toEqual([[0, 10, 40]]);
    await vi.advanceTimersByTimeAsync(100);
    await run;
    expect(batches).toEqual([
      [0, 10, 40],
      [100, 101, 102],
    ]);
  });

  it("works on part of a batch when its time has come", async () => {
    const batches: number[][] = [];
    const run = pipeline(timed(0, 10, 200))
      .stage((items) => void batches.push(items), { batch: { size: 3, maxWait: 50, output: "one" } })
      .run()
      .drain();
    await vi.advanceTimersByTimeAsync(50);
    expect(batches).toEqual([[0, 10]]);
    await vi.advanceTimersByTimeAsync(150);
    await run;
    expect(batches).toEqual([[0, 10], [200]]);
  });

  it("takes what is there when it may not wait", async () => {
    const batches: number[][] = [];
    const run = pipeline(timed(0, 10, 20))
      .stage((items) => void batches.push(items), { batch: { size: 3, maxWait: 0, output: "one" } })
      .run()
      .drain();
    await vi.advanceTimersByTimeAsync(20);
    await run;
    expect(batches).toEqual([[0], [10], [20]]);
  });

  it("leaves no timer behind when the pipeline ends early", async () => {
    const controller = new AbortController();
    const run = pipeline(timed(0, 1000))
      .stage((items) => items, { batch: { size: 3, maxWait: 500 } })
      .run(controller);
    const outcome = expect(run).rejects.toThrow("enough");
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(2);
    controller.abort(new Error("enough"));
    await outcome;
    // That of the source itself, which nobody can stop.
    await vi.advanceTimersByTimeAsync(1000);
  });

  it.each([
    ["fewer results", (items: number[]) => items.slice(1), "an array of 2"],
    ["no array", () => 5 as unknown as number[], "number"],
  ])("refuses %s than items, in words", async (_kind, fn, got) => {
    const run = pipeline(new Numbers(3))
      .stage(fn, { name: "broken", batch: { size: 3 } })
      .run();
    await expect(run).rejects.toThrow(
      "Cannot take the results of stage 'broken' as its function must return an array of 3, one for each item of the " +
        `batch: current value is ${got}`,
    );
  });
});
