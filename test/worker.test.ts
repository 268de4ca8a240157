import {
  type BlockingPool,
  DefinitionError,
  type Pool,
  type PoolOptions,
  task,
  TaskPool,
  worker,
  Worker,
} from "manyhands";
import { describe, expect, expectTypeOf, it } from "vitest";

class Plain {
  value(): number {
    return 1;
  }
}

describe("worker()", () => {
  it("refuses a class with a method that every pool has, for the compiler too", () => {
    class Stopper {
      stop(): void {}
    }
    // @ts-expect-error the name is taken
    expect(() => worker(import.meta, Stopper)).toThrow(DefinitionError);
    class Thenable {
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested
      then(): void {}
    }
    // @ts-expect-error awaiting a pool of it would call it
    expect(() => worker(import.meta, Thenable)).toThrow(/'then': rename the method/);
  });

  it("refuses what is no class, has no name, or no module", () => {
    expect(() => worker(import.meta, (() => 1) as unknown as typeof Plain)).toThrow(/must be a class/);
    const loose = worker as (...args: unknown[]) => unknown;
    const missing = "Cannot define a worker as import.meta is missing as the first argument: write ";
    expect(() => loose(Plain)).toThrow(`${missing}worker(import.meta, Plain)`);
    expect(() => loose(Plain, { maxWorkers: 2 })).toThrow(`${missing}worker(import.meta, Plain)`);
    expect(() => loose(class {})).toThrow(`${missing}worker(import.meta, …)`);
    expect(() => (task as (...args: unknown[]) => unknown)(parseInt)).toThrow(
      "Cannot define a task as import.meta is missing as the first argument: write task(import.meta, parseInt)",
    );
    expect(() => worker(import.meta, class {})).toThrow(/without a name/);
    expect(() => worker("relative.js", Plain)).toThrow(/must be import\.meta, a file URL or __filename/);
  });

  it("refuses options of methods that do not exist", () => {
    expect(() => worker(import.meta, Plain, { methods: { vlaue: { stream: true } } as object })).toThrow(
      "Cannot set options of 'Plain.vlaue' as there is no such method: did you mean 'value'?",
    );
  });

  it("knows its options, and by them whether a pool blocks", () => {
    const definition = worker(import.meta, Plain, { mode: "sync" });
    type Init<Builder extends { init: unknown }> = Builder["init"];
    const general: PoolOptions = {};
    expectTypeOf<Init<ReturnType<typeof definition.options>>>().returns.toEqualTypeOf<Pool<Plain>>();
    expectTypeOf(definition.options(general).init).returns.toEqualTypeOf<Pool<Plain>>();
    expectTypeOf(definition.options({ blocking: false }).init).returns.toEqualTypeOf<Pool<Plain>>();
    const blocking = definition.options({ blocking: true });
    expectTypeOf(blocking.options({ timeout: 5 }).init).returns.toEqualTypeOf<BlockingPool<Plain>>();
    // @ts-expect-error did you mean 'maxWorkers'?
    expect(() => definition.options({ maxWorker: 2 }).init()).toThrow("did you mean 'maxWorkers'?");
    // @ts-expect-error there is no such method
    expect(() => definition.options({ methods: { valu: {} } }).init()).toThrow("did you mean 'value'?");
  });

  it("keeps the options of the definition under those of the pool", async () => {
    const definition = worker(import.meta, Plain, { mode: "async", maxWorkers: 2 });
    await using pool = definition.options({ maxWorkers: 3 }).init();
    expect(pool.stats()).toMatchObject({ mode: "async", workers: { total: 3 } });
    expect(() => definition.options({ maxWorker: 3 } as object).init()).toThrow(/did you mean 'maxWorkers'/);
  });

  it("takes the methods of a parent class, and an override once", async () => {
    class Parent extends Worker {
      first(): string {
        return "parent";
      }
      second(): string {
        return "parent";
      }
    }
    class Child extends Parent {
      override second(): string {
        return "child";
      }
    }
    await using pool = worker(import.meta, Child, { mode: "async" }).init();
    expect([await pool.first(), await pool.second()]).toEqual(["parent", "child"]);
    expect(new Child().worker).toMatchObject({ index: 0 });
  });
});

describe("task()", () => {
  it("refuses what is no function", () => {
    expect(() => task(import.meta, 1 as unknown as () => void)).toThrow(/must be a function/);
  });

  it("tells two functions without a name apart", async () => {
    const one = task(import.meta, (n: number) => n + 1, { mode: "async" });
    const two = task(import.meta, (n: number) => n + 2, { mode: "async" });
    expect(await Promise.all([one(1), two(1)])).toEqual([2, 3]);
    expectTypeOf(one).parameter(0).toEqualTypeOf<Parameters<typeof two>[0]>();
  });
});

describe("a million calls", () => {
  it("wait in line, and are cancelled in constant time each", async () => {
    await using pool = worker(import.meta, Plain, { mode: "async", concurrency: 1 }).init();
    const controller = new AbortController();
    const calls = Array.from({ length: 50_000 }, () => pool.with({ signal: controller.signal }).value());
    expect(await calls.at(-1)).toBe(1);
    const gate = new TaskPool({ mode: "sync" });
    const blocked = Array.from({ length: 50_000 }, () =>
      gate.with({ signal: controller.signal }).submit(async () => new Promise<never>(() => undefined)),
    );
    controller.abort(new RangeError("enough"));
    const errors = await Promise.all(blocked.map(async (future) => future.exception()));
    expect(errors.every((error) => error instanceof RangeError)).toBe(true);
    await gate.stop({ timeout: 0 });
  });
});
