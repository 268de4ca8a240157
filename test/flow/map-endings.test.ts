/** How a mapping ends early: failures, signals, and readers who leave. */
import { type Future, map, pipeline, TaskGroup, taskGroup } from "manyhands";
import { describe, expect, it } from "vitest";
import { Calls, collect, Gate, Numbers, settle } from "./gate.js";

describe("a mapping ends early", () => {
  it.each([true, false])(
    "with the first failure, closes its source and stops the others (awaited: %s)",
    async (awaited) => {
      const source = new Numbers();
      const calls = new Calls<number>();
      const mapping = map(source, calls.fn, { concurrency: 3 });
      const outcome = awaited ? Promise.resolve(mapping) : mapping.next();
      const failed = expect(outcome).rejects.toThrow("no");
      await settle();
      const error = new Error("no");
      calls.fail(1, error);
      await failed;
      expect(source.isClosed).toBe(true);
      expect(calls.begun).toEqual([0, 1, 2]);
      expect(calls.signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
      expect(calls.signals[0]!.reason).toMatchObject({ name: "AbortError", cause: error });
      // What comes later changes nothing, and is no unhandled rejection.
      calls.fail(0, new Error("later"));
      calls.end(2);
      await settle();
      if (!awaited) expect(await mapping.next()).toEqual({ value: undefined, done: true });
    },
  );

  it("with a function that throws without a promise", async () => {
    const source = new Numbers();
    const broken = map(source, (n) => {
      if (n === 2) throw new RangeError("two");
      return n;
    });
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const n of broken) seen.push(n);
      })(),
    ).rejects.toThrow(RangeError);
    expect(seen).toEqual([0, 1]);
    expect(source.isClosed).toBe(true);
  });

  it("with a failure, after what is done and next in order", async () => {
    const calls = new Calls<number>();
    const mapping = map(new Numbers(4), calls.fn);
    const first = mapping.next();
    calls.end(0, 1, 3);
    expect(await first).toEqual({ value: 0, done: false });
    await settle();
    calls.fail(2, new Error("no"));
    await settle();
    expect(await mapping.next()).toEqual({ value: 1, done: false });
    await expect(mapping.next()).rejects.toThrow("no");
    expect(await mapping.next()).toEqual({ value: undefined, done: true });
  });

  it.each(["a failing generator", "a failing async generator", "a rejected item"])("with %s", async (kind) => {
    function* failing(): Generator<number> {
      yield 1;
      throw new RangeError("source");
    }
    async function* failingLater(): AsyncGenerator<number> {
      yield* failing();
    }
    const rejected = Promise.reject(new RangeError("source"));
    rejected.catch(() => {});
    const open = (): AsyncIterable<number> | Iterable<number | Promise<number>> =>
      kind === "a rejected item" ? [1, rejected] : kind === "a failing generator" ? failing() : failingLater();
    const calls = new Calls<number>();
    await expect(map(open(), calls.fn)).rejects.toThrow(RangeError);
    expect(calls.signals[0]!.aborted).toBe(true);
    // Also where items that fail are kept: what is left of the source nobody knows.
    const settled = Promise.resolve(map(open(), async (n) => n, { settled: true }));
    if (kind !== "a rejected item") await expect(settled).rejects.toThrow(RangeError);
    else expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  it("with a source that cannot be opened, or answers nonsense", async () => {
    const closed = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(null as never) }) };
    await expect(map(closed, async () => 1)).rejects.toThrow(TypeError);
    const unopened = {
      [Symbol.iterator]: (): Iterator<number> => {
        throw new RangeError("unopened");
      },
    };
    await expect(map(unopened, async (n) => n)).rejects.toThrow("unopened");
    const unopenedLater = {
      [Symbol.asyncIterator]: (): AsyncIterator<number> => {
        throw new RangeError("unopened");
      },
    };
    await expect(map(unopenedLater, async (n) => n).next()).rejects.toThrow("unopened");
  });

  it("when its reader leaves: source closed, signals fired, waiting next() answered", async () => {
    const source = new Numbers();
    const calls = new Calls<number>();
    const mapping = map(source, calls.fn, { concurrency: 4 });
    const answers = [mapping.next(), mapping.next()];
    expect(await mapping.return()).toEqual({ value: undefined, done: true });
    expect(await Promise.all(answers)).toEqual([
      { value: undefined, done: true },
      { value: undefined, done: true },
    ]);
    expect(source.isClosed).toBe(true);
    expect(calls.signals.every(({ aborted }) => aborted)).toBe(true);
    expect(calls.begun).toEqual([0, 1, 2, 3]);
    calls.end(0);
    await settle();
    expect(source.pulled).toBe(4);
    expect(await mapping.return()).toEqual({ value: undefined, done: true });
  });

  it("before it began: its source is closed, and never asked", async () => {
    let closed = 0;
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => {
        throw new Error("asked");
      },
    };
    await map(source, async (n) => n).return();
    const generator = new Numbers()[Symbol.iterator]();
    const guarded = Object.assign(generator, {
      return: () => {
        closed += 1;
        return { value: undefined, done: true as const };
      },
    });
    const mapping = map(guarded, async (n) => n);
    await mapping.next();
    await mapping[Symbol.asyncDispose]();
    expect(closed).toBe(1);
  });

  it("waits for the cleanup of an async source, and tells its error", async () => {
    const cleanup = new Gate();
    const steps: string[] = [];
    async function* source(): AsyncGenerator<number> {
      try {
        for (let n = 0; ; n += 1) yield n;
      } finally {
        await cleanup.promise;
        steps.push("cleaned up");
      }
    }
    const mapping = map(source(), async (n) => n, { concurrency: 1, window: 1 });
    await mapping.next();
    await settle();
    const left = mapping.return().then(() => steps.push("left"));
    await settle();
    cleanup.open();
    await left;
    expect(steps).toEqual(["cleaned up", "left"]);

    const bad = (function* (): Generator<number> {
      try {
        yield 1;
        yield 2;
      } finally {
        // oxlint-disable-next-line no-unsafe-finally -- what is tested
        throw new RangeError("cleanup");
      }
    })();
    await expect(
      (async () => {
        for await (const _ of map(bad, (n) => n)) break;
      })(),
    ).rejects.toThrow("cleanup");
  });

  it("at once, also while its source will never answer", async () => {
    const stuck = (async function* (): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => {});
    })();
    const mapping = map(stuck, async (n) => n);
    expect(await mapping.next()).toEqual({ value: 1, done: false });
    const waiting = mapping.next();
    await mapping.return();
    expect(await waiting).toEqual({ value: undefined, done: true });

    const controller = new AbortController();
    const awaited = Promise.resolve(map({ [Symbol.asyncIterator]: () => stuck }, async (n) => n, controller));
    controller.abort(new Error("enough"));
    await expect(awaited).rejects.toThrow("enough");
  });

  it("with the reason of its signal, at once, and drops what was there", async () => {
    const source = new Numbers();
    const controller = new AbortController();
    const calls = new Calls<number>();
    const mapping = map(source, calls.fn, { signal: controller.signal, concurrency: 2 });
    const first = mapping.next();
    calls.end(0, 1);
    await first;
    await settle();
    const reason = new Error("enough");
    controller.abort(reason);
    expect(source.isClosed).toBe(true);
    expect(calls.signals.at(-1)!.reason).toBe(reason);
    await expect(mapping.next()).rejects.toBe(reason);
    expect(await mapping.next()).toEqual({ value: undefined, done: true });

    const early = new Numbers();
    await expect(map(early, async (n) => n, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(early.pulled).toBe(0);
  });

  it("not by a signal that fires when it is over", async () => {
    const controller = new AbortController();
    expect(await map([1], async (n) => n, { signal: controller.signal })).toEqual([1]);
    controller.abort();
    const unasked = map([1], async (n) => n);
    expect(await collect(unasked)).toEqual([1]);
  });

  it("shows a signal that has fired to whoever asks for it late", async () => {
    const gate = new Gate();
    const seen: boolean[] = [];
    const mapping = map([1, 2], async (_n, context) => {
      await gate.promise;
      seen.push(context.signal.aborted);
    });
    void mapping.next();
    await mapping.return();
    gate.open();
    await settle();
    expect(seen).toEqual([true, true]);
  });

  it("and calls nothing for items that arrive only then", async () => {
    const arrival = new Gate<number>();
    const controller = new AbortController();
    const seen: number[] = [];
    const outcome = expect(map([arrival.promise], (n) => seen.push(n), controller)).rejects.toThrow("enough");
    await settle();
    controller.abort(new Error("enough"));
    await outcome;
    arrival.open(1);
    await settle();
    expect(seen).toEqual([]);
  });

  it("and cancels futures also of items that were promises", async () => {
    const controller = new AbortController();
    const group = new TaskGroup();
    const futures: Future<unknown>[] = [];
    const begin = (): Future<unknown> => {
      const future = group.spawn(async (signal) => {
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      });
      futures.push(future);
      return future;
    };
    const runs = [
      map([Promise.resolve(1)], begin, controller),
      pipeline([Promise.resolve(1)])
        .stage(begin)
        .run(controller),
    ];
    const outcomes = Promise.allSettled(runs);
    await settle();
    controller.abort(new Error("enough"));
    expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await settle();
    expect(futures.map(({ status }) => status)).toEqual(["cancelled", "cancelled"]);
    await group.join();
  });

  it("with the task group in which it was begun, and so does a pipeline", async () => {
    const calls = new Calls<number>();
    const error = new Error("no");
    const ended: unknown[] = [];
    const group = taskGroup((children) => {
      const wait = async (run: PromiseLike<unknown>): Promise<void> => {
        await Promise.resolve(run).catch((reason: unknown) => ended.push((reason as Error).cause));
      };
      children.spawn(() => wait(map([1], calls.fn)));
      children.spawn(() => wait(pipeline([2]).stage(calls.fn).run()));
      children.spawn(async () => {
        await settle();
        throw error;
      });
    });
    await expect(group).rejects.toMatchObject({ errors: [error] });
    expect(calls.signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(ended).toEqual([error, error]);
  });
});

describe("a source that keeps no promise", () => {
  const asking = (next: () => unknown): AsyncIterable<number> => ({
    [Symbol.asyncIterator]: () => ({ next }) as AsyncIterator<number>,
  });

  it("fails the mapping when it throws instead of rejecting", async () => {
    const error = new Error("no");
    const source = asking(() => {
      throw error;
    });
    await expect(map(source, (n) => n)).rejects.toBe(error);
    await expect(map(source, (n) => n).next()).rejects.toBe(error);
  });

  it.each([5, null, undefined])("fails it when the result is %s, which would be an item for ever", async (result) => {
    const message = `Cannot read the source as its iterator must return objects: current value is ${result}`;
    await expect(
      map(
        asking(() => result),
        (n) => n,
      ),
    ).rejects.toThrow(message);
    const sync = { [Symbol.iterator]: () => ({ next: () => result }) } as unknown as Iterable<number>;
    await expect(map(sync, (n) => n)).rejects.toThrow(message);
  });

  it("fails it when there is no iterator", async () => {
    const message = "Cannot read the source as it must return an iterator: current value is undefined";
    const none = { [Symbol.asyncIterator]: () => undefined } as unknown as AsyncIterable<number>;
    await expect(map(none, (n) => n)).rejects.toThrow(message);
    const sync = { [Symbol.iterator]: () => undefined } as unknown as Iterable<number>;
    await expect(map(sync, (n) => n)).rejects.toThrow(message);
  });
});
