/** The bars of mappings and pipelines. */
import { map, pipeline } from "manyhands";
import { describe, expect, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { LineCollector } from "../progress/terminal-emulator.js";

const bar = (): { stream: LineCollector; unit: string } => ({ stream: new LineCollector(), unit: "items" });
const last = ({ stream }: { stream: LineCollector }): string =>
  stream.lines.at(-1)!.replace(/, [\d.,]+k?\/s.*$|, 0:\d\d.*$/, "");
const refuseOne = async (n: number): Promise<number> => (n === 1 ? Promise.reject(new Error("one")) : n);

describe("progress", () => {
  it("of a mapping counts results, and those that failed among them", async () => {
    const all = bar();
    await map([1, 2, 3], async (n) => n, { progress: all });
    expect(all.stream.lines[0]).toBe("0% (0/3 items)");
    expect(last(all)).toBe("done at 100% (3/3 items)");
    const some = bar();
    for await (const _ of map([1, 2], refuseOne, { progress: some, settled: true }));
    expect(last(some)).toBe("refuseOne: done at 100% (2/2 items), 1 failed");
  });

  it("of a mapping ends as the mapping does", async () => {
    const failed = bar();
    await expect(map([1, 2], refuseOne, { progress: failed })).rejects.toThrow("one");
    expect(last(failed)).toMatch(/^refuseOne: failed at/);
    const left = bar();
    for await (const _ of map([1, 2], async (n) => n, { progress: left })) break;
    expect(last(left)).toMatch(/^stopped at 50%/);
    const aborted = bar();
    await expect(map([1], refuseOne, { progress: aborted, signal: AbortSignal.abort() })).rejects.toThrow();
    expect(last(aborted)).toMatch(/^refuseOne: stopped at/);
  });

  it("of a mapping none of whose items was done has failed, though the mapping has not", async () => {
    const none = bar();
    await map([1, 1], refuseOne, { progress: none, settled: true });
    expect(last(none)).toBe("refuseOne: failed at 100% (2/2 items), 2 failed");
    const empty = bar();
    await map([], refuseOne, { progress: empty, settled: true });
    expect(last(empty)).toMatch(/^refuseOne: done at/);
  });

  it("of a mapping is called as its function is, a method of a pool with its class", async () => {
    await using pool = CounterWorker.options({ mode: "async" }).init();
    const progress = bar();
    await map([1], pool.increment, { progress });
    expect(progress.stream.lines[0]).toBe("Counter.increment: 0% (0/1 items)");
    const named = { ...bar(), description: "Counting" };
    await map([1], pool.increment, { progress: named });
    expect(last(named)).toBe("Counting: done at 100% (1/1 items)");
  });

  it("of a pipeline counts items of the source, also in batches and where they fail", async () => {
    const progress = bar();
    const run = pipeline([1, 2, 3, 4])
      .stage(refuseOne)
      .stage((items) => items.length, { batch: { size: 2, output: "one" } })
      .run({ onError: "skip", progress });
    expect(progress.stream.lines).toEqual([]);
    expect((await run).results).toEqual([2, 1]);
    expect(last(progress)).toBe("done at 100% (4/4 items), 1 failed");
  });

  it("is refused at once when it is no option of a bar, and at the start when an option is wrong", async () => {
    expect(() => map([1], refuseOne, { progress: "yes" as never })).toThrow("Cannot set 'progress'");
    expect(() => pipeline([1]).run({ progress: 5 as never })).toThrow("Cannot set 'progress'");
    const wrong = { progress: { totl: 5 } as object };
    await expect(map([2], refuseOne, wrong)).rejects.toThrow("did you mean 'total'?");
    await expect(map([2], refuseOne, wrong).next()).rejects.toThrow("did you mean 'total'?");
    await expect(pipeline([2]).run(wrong)).rejects.toThrow("did you mean 'total'?");
  });
});
