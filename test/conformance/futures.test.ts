import { Future, type Mode } from "manyhands";
import { describe, expect, expectTypeOf, it } from "vitest";
import { CounterWorker, TeapotError } from "#fixtures/counter.js";
import { MODES } from "./modes.js";

const PAIRS: readonly (readonly [Mode, Mode])[] = MODES.flatMap((from) => MODES.map((to) => [from, to] as const));

describe.each(PAIRS)("a future from mode %s passed to mode %s", (from, to) => {
  it("stands for its result, also nested, and for its error", async () => {
    await using source = CounterWorker.options({ mode: from, maxWorkers: 1 }).init();
    await using sink = CounterWorker.options({ mode: to, maxWorkers: 1 }).init();
    expect(await sink.add(source.add(1, 2), source.incrementLater(4))).toBe(7);
    const one = source.add(0, 1);
    const nested = { list: [one, [source.add(1, 1)]], map: new Map([["k", one]]), set: new Set([one]), plain: 5 };
    expect(await sink.echo(nested)).toEqual({ list: [1, [2]], map: new Map([["k", 1]]), set: new Set([1]), plain: 5 });
    expect(nested.list[0]).toBe(one);
    const failed = source.fail("teapot");
    const receiving = sink.echo([failed]);
    expect(await receiving.exception()).toBe(await failed.exception());
    expect(await failed.exception()).toBeInstanceOf(TeapotError);
  });
});

describe.each(MODES)("futures in mode %s", (mode) => {
  it("are promise-like, and tell their state", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const future = pool.incrementLater(1);
    expect(future).toBeInstanceOf(Future);
    expect(["queued", "running"]).toContain(future.status);
    expect(await future.then((value) => value + 1)).toBe(2);
    expect(future.status).toBe("done");
    const failing = pool.failLater("x");
    expect(await failing.catch(() => "caught")).toBe("caught");
    expect(failing.status).toBe("failed");
    let isFinal = false;
    await future.finally(() => {
      isFinal = true;
    });
    expect(isFinal).toBe(true);
    expect(await Promise.all([pool.add(1, 1), pool.add(2, 2)])).toEqual([2, 4]);
  });

  it("can be waited for with a timeout while the call goes on", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    await pool.ready();
    const future = pool.sleep(200);
    await expect(future.result({ timeout: 5 })).rejects.toMatchObject({ name: "TimeoutError", code: "MH_TIMEOUT" });
    expect(future.status).toBe("running");
    expect(await future.result()).toBe(200);
  });

  it("may be left as they are", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1, unwrapFutures: false }).init();
    const inner = pool.add(1, 1);
    const outcome = pool.echo(inner);
    if (mode === "sync" || mode === "async") expect(await (await outcome.then((value) => [value]))[0]).toBe(2);
    else await expect(outcome).rejects.toMatchObject({ path: "args[0]" });
  });
});

describe("sync mode", () => {
  it("has settled the future when a synchronous method returns", () => {
    const pool = CounterWorker.options({ mode: "sync" }).init();
    expect(pool.add(1, 2).status).toBe("done");
    const failed = pool.fail("x");
    expect(failed.status).toBe("failed");
    void failed.exception();
  });
});

describe("types of arguments", () => {
  it("accept futures, also nested", () => {
    const pool = CounterWorker.options({ mode: "async" }).init();
    const one = pool.add(1, 0);
    expectTypeOf(pool.add).toBeCallableWith(one, 2);
    expectTypeOf(pool.sum).toBeCallableWith([1, one, pool.add(one, one)]);
    expectTypeOf(pool.sum).toBeCallableWith(pool.echo([1, 2]) as Future<number[]>);
    // @ts-expect-error a future of a string is not a number
    const wrong = (): unknown => pool.add(pool.describe("", "", ""), 1);
    expect(wrong).toBeTypeOf("function");
  });
});
