import { TaskPool } from "manyhands";
import { describe, expect, expectTypeOf, it } from "vitest";
import { CoordinatorWorker } from "#fixtures/coordinator.js";
import { CounterWorker, TeapotError } from "#fixtures/counter.js";
import { basename, methods, plus } from "#fixtures/functions.js";
import { countdown, failing, square, triple } from "#fixtures/tasks.js";
import { collect } from "./collect.js";
import { MODES, REMOTE_MODES, SOURCE_MODES } from "./modes.js";

const PAIRS = MODES.flatMap((outer) => MODES.map((inner) => [outer, inner] as const));

describe.each(PAIRS)("a worker in mode %s with a pool in mode %s", (outer, inner) => {
  it("calls it, and passes its errors on", async () => {
    await using pool = CoordinatorWorker.options({ mode: outer, maxWorkers: 1 }).init(inner, inner === "sync" ? 1 : 2);
    const pairs = Array.from({ length: 20 }, (_, index) => [index, index] as const);
    expect(await pool.addAll(pairs)).toEqual(pairs.map(([a, b]) => a + b));
    const error = await pool.failInside().exception();
    expect(error).toMatchObject({ name: "TeapotError", message: "Short and stout", code: "TEAPOT" });
    expect(error instanceof TeapotError || REMOTE_MODES.includes(outer)).toBe(true);
  });
});

describe.each(["sync", "async"] as const)("a chain of calls in mode %s", (mode) => {
  it("may be thousands long, each given the future of the one before", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    let last = pool.sleep(1);
    for (let link = 0; link < 5000; link += 1) last = pool.add(last, 1);
    expect(await last).toBe(5001);
  });

  it("fails as a whole when the first link is cancelled", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1, grace: 0 }).init();
    const first = pool.untilAborted();
    const reason = new TeapotError("Short and stout", 80);
    let last = pool.echo(first);
    for (let link = 0; link < 5000; link += 1) last = pool.echo(last);
    first.cancel(reason);
    expect(await last.exception()).toBe(reason);
  });
});

describe("a task", () => {
  it("is called like its function", async () => {
    await using squaring = square;
    expectTypeOf(squaring).toBeCallableWith(3);
    expect(await squaring(3)).toBe(9);
    expect(await squaring(squaring(2))).toBe(16);
    expect(await squaring.map([1, 2, 3])).toEqual([1, 4, 9]);
    expect(await collect(squaring.map([1, 2, 3]))).toEqual([1, 4, 9]);
    expect(await squaring.with({ priority: 1 })(4)).toBe(16);
    expect(squaring.stats()?.calls.done).toBe(10);
  });

  it.each(MODES)("runs in mode %s", async (mode) => {
    await using tripling = triple.options({ mode, maxWorkers: 1 });
    expect(await tripling(5)).toBe(15);
    await using failure = failing.options({ mode, maxWorkers: 1 });
    await expect(failure("no")).rejects.toBeInstanceOf(RangeError);
    await using counting = countdown.options({ mode, maxWorkers: 1 });
    expect(await collect(counting(3))).toEqual([3, 2, 1]);
  });
});

describe.each(SOURCE_MODES)("a task pool in mode %s", (mode) => {
  const factor = 3;

  it("runs functions by source, and tasks by reference", async () => {
    await using pool = new TaskPool({ mode, maxWorkers: 1 });
    expect(await pool.submit(plus, 1, 2)).toBe(3);
    expect(await pool.submit(basename, "/a/b")).toBe("b");
    expect(await pool.submit(triple, 5)).toBe(15);
    expect(await pool.map((n: number) => n * n, [1, 2, 3])).toEqual([1, 4, 9]);
    expect(await pool.submit(methods.increment, 1)).toBe(2);
  });

  it("says which variable a function reads from outside", async () => {
    await using pool = new TaskPool({ mode, maxWorkers: 1 });
    await expect(pool.submit((n: number) => n * factor, 1)).rejects.toMatchObject({
      code: "MH_DEFINITION",
      message: expect.stringContaining("'factor'"),
    });
    const bound: (n: number) => number = Math.max.bind(null);
    expect(() => pool.submit(bound, 1)).toThrow(/bound or built in/);
  });

  it("ends a mapping with the first error", async () => {
    await using pool = new TaskPool({ mode, maxWorkers: 1 });
    const mapping = pool.map(
      (n: number) => {
        if (n === 3) throw new RangeError("three");
        return n;
      },
      [1, 2, 3, 4],
    );
    await expect(mapping).rejects.toThrow(RangeError);
  });
});

describe.runIf(MODES.includes("distributed"))("a task pool on nodes", () => {
  it("runs tasks by their names, and refuses all other functions", async () => {
    await using pool = new TaskPool({ mode: "distributed", maxWorkers: 1 });
    expect(await pool.submit(triple, 5)).toBe(15);
    expect(await pool.map(square, [1, 2, 3])).toEqual([1, 4, 9]);
    await expect(pool.submit(failing, "no")).rejects.toBeInstanceOf(RangeError);
    expect(() => pool.submit(plus, 1, 2)).toThrow(
      "Cannot run 'plus' on a node as nodes run only what their modules define: make it a task, task(import.meta, fn)",
    );
  });
});
