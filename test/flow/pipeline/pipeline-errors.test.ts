/** What becomes of a pipeline when items fail, when it is stopped, and when its reader leaves. */
import { pipeline } from "manyhands";
import { describe, expect, it } from "vitest";
import { Calls, Gate, Numbers, settle } from "../gate.js";

const refuse = async (n: number): Promise<number> => {
  if (n % 3 === 1) throw new RangeError(`no ${n}`);
  return n;
};

describe("onError", () => {
  it("stop: ends with the first error, at once, in all stages", async () => {
    const source = new Numbers();
    const first = new Calls<number>();
    const second = new Calls<number>();
    const run = pipeline(source)
      .stage(first.fn, { concurrency: 2, name: "first" })
      .stage(second.fn, { concurrency: 2, name: "second" })
      .run();
    const outcome = expect(run).rejects.toThrow("no");
    await settle();
    first.end(0);
    await settle();
    const error = new Error("no");
    first.fail(1, error);
    await outcome;
    expect(source.isClosed).toBe(true);
    for (const { signals } of [first, second]) expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(second.signals[0]!.reason).toMatchObject({ name: "AbortError", cause: error });
    expect(run.failures).toEqual([{ stage: "first", item: 1, index: 1, error }]);
    expect([first.begun, second.begun]).toEqual([[0, 1, 2], [0]]);
    second.fail(0, new Error("later"));
    await settle();
    expect(run.failures).toHaveLength(1);
  });

  it("skip: goes on without what failed, and counts it", async () => {
    const { results, failures, stats } = await pipeline(new Numbers(7)).stage(refuse).run({ onError: "skip" });
    expect(results).toEqual([0, 2, 3, 5, 6]);
    expect(failures).toEqual([]);
    expect(stats).toMatchObject({ in: 7, out: 5, failed: 2, stages: [{ in: 7, out: 5, failed: 2 }] });
  });

  it("collect: keeps what failed, with its stage, its input there and its index in the source", async () => {
    const { results, failures } = await pipeline(new Numbers(6))
      .stage((n) => 10 + n, { name: "add" })
      .stage(refuse)
      .run({ onError: "collect" });
    expect(results).toEqual([11, 12, 14, 15].filter((n) => n % 3 !== 1).concat());
    expect(failures.map(({ stage, item, index }) => ({ stage, item, index }))).toEqual(
      [10, 13].map((item) => ({ stage: "refuse", item, index: item - 10 })),
    );
    expect(failures[0]!.error).toEqual(new RangeError("no 10"));
  });

  it("is the stage's own where that says so", async () => {
    const run = pipeline(new Numbers(3)).stage(refuse, { onError: "skip" }).stage(refuse, { name: "strict" }).run();
    expect((await run).results).toEqual([0, 2]);
    const strict = pipeline([1]).stage(refuse, { onError: "stop" }).run({ onError: "collect" });
    await expect(strict).rejects.toThrow("no 1");
  });

  it("is decided for each failure where it is a function", async () => {
    const seen: number[] = [];
    const run = pipeline(new Numbers())
      .stage(refuse, { concurrency: 1, name: "refuse" })
      .run({
        onError: ({ stage, item, index }) => {
          expect([stage, item]).toEqual(["refuse", index]);
          seen.push(index);
          return index < 4 ? "skip" : index < 7 ? "collect" : "stop";
        },
      });
    await expect(run).rejects.toThrow("no 7");
    expect(seen).toEqual([1, 4, 7]);
    expect(run.failures.map(({ index }) => index)).toEqual([4, 7]);
    const broken = (): never => {
      throw new TypeError("policy");
    };
    await expect(pipeline([1]).stage(refuse).run({ onError: broken })).rejects.toThrow("policy");
  });

  it("is no promise, and no other word", async () => {
    const later = (async () => "skip") as never;
    await expect(pipeline(new Numbers(2)).stage(refuse).run({ onError: later })).rejects.toThrow(
      "Cannot go on after a failure as what 'onError' returns must be one of 'stop', 'skip', 'collect': current value is a promise",
    );
  });

  it("counts every item of a batch that failed", async () => {
    const broken = (items: number[]): number[] => {
      if (items.includes(4)) throw new RangeError("batch");
      return items;
    };
    const { results, failures, stats } = await pipeline(new Numbers(8))
      .stage(broken, { batch: { size: 3 } })
      .run({ onError: "collect" });
    expect(results).toEqual([0, 1, 2, 6, 7]);
    expect(failures.map(({ item, index }) => [item, index])).toEqual([
      [3, 3],
      [4, 4],
      [5, 5],
    ]);
    expect(stats).toMatchObject({ in: 8, out: 5, failed: 3 });
  });

  it("holds for items that are rejected promises", async () => {
    const sources = (): (number | Promise<number>)[] => {
      const rejected = Promise.reject(new RangeError("rejected"));
      rejected.catch(() => {});
      return [1, rejected, 2];
    };
    const single = await pipeline(sources())
      .stage((n) => n, { name: "one" })
      .run({ onError: "collect" });
    const batched = await pipeline(sources())
      .stage((n) => n, { name: "one", batch: { size: 2 } })
      .run({ onError: "collect" });
    for (const { results, failures } of [single, batched]) {
      expect(results).toEqual([1, 2]);
      expect(failures).toMatchObject([{ stage: "one", index: 1, error: new RangeError("rejected") }]);
    }
    await expect(pipeline(sources()).run()).rejects.toThrow("rejected");
  });

  it("does not hold for the source: what is left of it nobody knows", async () => {
    async function* source(): AsyncGenerator<number> {
      yield 1;
      throw new RangeError("source");
    }
    await expect(pipeline(source()).stage(refuse).stage(refuse).run({ onError: "collect" })).rejects.toThrow("source");
  });
});

describe("a pipeline ends early", () => {
  it("with the reason of its signal", async () => {
    const controller = new AbortController();
    const source = new Numbers();
    const calls = new Calls<number>();
    const run = pipeline(source).stage(calls.fn, { concurrency: 2 }).stage(refuse).run(controller);
    const outcome = expect(run).rejects.toThrow("enough");
    await settle();
    controller.abort(new Error("enough"));
    await outcome;
    expect(source.isClosed).toBe(true);
    expect(calls.signals.map(({ reason }) => (reason as Error).message)).toEqual(["enough", "enough"]);
    expect(run.failures).toEqual([]);
    const early = { signal: AbortSignal.abort(new Error("early")) };
    await expect(pipeline([1]).run(early)).rejects.toThrow("early");
  });

  it("and calls nothing for items that arrive only then", async () => {
    const arrival = new Gate<number>();
    const controller = new AbortController();
    const seen: number[] = [];
    const run = pipeline([arrival.promise])
      .stage((n) => seen.push(n))
      .run(controller);
    const outcome = expect(run).rejects.toThrow("enough");
    await settle();
    controller.abort(new Error("enough"));
    await outcome;
    arrival.open(1);
    await settle();
    expect(seen).toEqual([]);
  });

  it("with the reason of its signal, and drops the rest of a batch", async () => {
    const controller = new AbortController();
    const run = pipeline([1, 2, 3])
      .stage((items) => items, { batch: { size: 3 } })
      .run(controller);
    expect(await run.next()).toEqual({ value: 1, done: false });
    controller.abort(new Error("enough"));
    await expect(run.next()).rejects.toThrow("enough");
    expect(await run.next()).toEqual({ value: undefined, done: true });
  });

  it("when its reader leaves", async () => {
    const source = new Numbers();
    const signals: AbortSignal[] = [];
    const run = pipeline(source)
      .stage(async (n, { signal }) => {
        signals.push(signal);
        return n;
      })
      .stage((items) => items, { batch: { size: 3, maxWait: 1000 } })
      .run();
    for await (const n of run) if (n === 4) break;
    expect(source.isClosed).toBe(true);
    expect(signals[0]!.aborted).toBe(true);
    expect(await run.next()).toEqual({ value: undefined, done: true });
  });
});
