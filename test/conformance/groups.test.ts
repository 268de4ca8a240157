import { CancelledError, type Future, type Pool, TaskGroup, taskGroup, TaskPool, TimeoutError } from "manyhands";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Counter, CounterWorker } from "#fixtures/counter.js";
import { type Grouping, GroupingWorker } from "#fixtures/grouping.js";
import { square, triple } from "#fixtures/tasks.js";
import { currentScope } from "../../dist/scope/current-scope.js";
import { reasonOf } from "../scope/outcomes.js";
import { MODES, usual } from "./modes.js";
import { until } from "./until.js";

const failure = new Error("no luck");

/** On a busy machine, what is cancelled may take long to let go. */
const PATIENT = { grace: 60_000 };

describe.each(MODES)("calls in a group in mode %s", (mode) => {
  let pool: Pool<Counter>;
  let grouping: Pool<Grouping>;
  /** What the counter stood at before the test. */
  let before = 0;

  beforeAll(() => {
    pool = CounterWorker.options({ mode, maxWorkers: 1, concurrency: 1, ...PATIENT }).init();
    grouping = GroupingWorker.options({ mode, maxWorkers: 1, ...PATIENT }).init();
  });

  beforeEach(async () => {
    before = await pool.count();
  });

  afterAll(async () => {
    await Promise.all([pool.stop(), grouping.stop()]);
  });

  it("are cancelled with it, those that wait and those that run, and waited for", async () => {
    let calls: Future<unknown>[] = [];
    const error = await reasonOf(
      taskGroup(async (group) => {
        calls = [pool.untilAborted(), pool.increment()];
        group.spawn(async () => {
          calls.push(pool.increment());
          await until(() => calls[0]!.progress !== undefined);
          throw failure;
        });
      }, PATIENT),
    );
    expect(error).toMatchObject({ errors: [failure] });
    // The worker has let go already.
    expect(pool.stats().workers.busy).toBe(0);
    for (const call of calls) {
      expect(call.status).toBe("cancelled");
      expect(await call.exception()).toMatchObject({ name: "AbortError", cause: failure });
    }
    // The method sets the count to -1 when its signal fires; the others never began.
    expect(await pool.count()).toBe(-1);
  });

  it("are waited for, also those that nobody awaits", async () => {
    let forgotten: Future<number> | undefined;
    await taskGroup((group) => {
      forgotten = pool.sleep(20);
      group.spawn(() => void pool.incrementLater(1));
    });
    expect(forgotten!.status).toBe("done");
    expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0 });
    expect(await pool.count()).toBe(before + 1);
  });

  it("fail the group only where nobody handles it", async () => {
    const value = await taskGroup(async (group) => {
      group.spawn(async () => pool.fail("teapot").exception());
      return pool.fail("type").catch(() => "handled");
    });
    expect(value).toBe("handled");
    const error = await reasonOf(taskGroup((group) => void group.spawn(() => pool.fail("type"))));
    expect(error).toMatchObject({ errors: [expect.any(TypeError)] });
  });

  it("have its deadline, or their own where that is earlier", async () => {
    await taskGroup(
      async (group) => {
        expect(await grouping.deadline()).toBe(group.deadline);
        expect(await grouping.with({ timeout: 5000 }).deadline()).toBeLessThan(group.deadline!);
        expect(await grouping.with({ timeout: 500_000 }).deadline()).toBe(group.deadline);
      },
      { timeout: 100_000 },
    );
    expect(await grouping.deadline()).toBeUndefined();
    const error = await reasonOf(taskGroup(async () => pool.untilAborted(), { timeout: 50, ...PATIENT }));
    expect(error).toBeInstanceOf(TimeoutError);
  });

  it("do not begin in a group that is cancelled", async () => {
    await taskGroup(async (group) => {
      group.cancel(failure);
      const calls = [pool.increment(), pool.with({ timeout: 1000 }).increment()];
      for (const call of calls) expect(await call.exception()).toBe(failure);
      expect(await reasonOf(pool.broadcast.increment())).toBe(failure);
      expect(await reasonOf(pool.numbers(3).next())).toBe(failure);
    });
    expect(await pool.count()).toBe(before);
  });

  it("of one child are cancelled with that child", async () => {
    await taskGroup(async (group) => {
      const other = group.spawn(() => pool.sleep(30));
      const child = group.spawn(() => pool.untilAborted());
      child.cancel(failure);
      expect(await child.exception()).toBe(failure);
      expect(await other).toBe(30);
    }, PATIENT);
  });

  it("that stream are cancelled with it, and end when nobody is left to read them", async () => {
    const read = taskGroup(async (group) => {
      const stream = pool.numbers(1_000_000);
      group.spawn(async () => {
        await stream.next();
        throw failure;
      });
      for await (const value of stream) if (value > 1e6) break;
    }, PATIENT);
    expect(await reasonOf(read)).toMatchObject({ errors: [failure] });
    expect(pool.stats().workers.busy).toBe(0);

    let left: ReturnType<typeof pool.numbers> | undefined;
    await taskGroup(async () => {
      left = pool.numbers(1_000_000);
      await left.next();
    }, PATIENT);
    expect(left!.future!.status).toBe("cancelled");
    expect(await left!.future!.exception()).toBeInstanceOf(CancelledError);
    expect(pool.stats().workers.busy).toBe(0);
  });

  it("belong to it when they are made through tasks and by a TaskPool", async () => {
    await using tasks = new TaskPool({ mode, maxWorkers: 1 });
    await using own = square.options({ mode, maxWorkers: 1 });
    let calls: Future<unknown>[] = [];
    await taskGroup(async () => {
      calls = [own(3), tasks.submit(triple, 4)];
      expect(await own.map([1, 2])).toEqual([1, 4]);
      expect(await tasks.map(triple, [3])).toEqual([9]);
    });
    expect(calls.map(({ status }) => status)).toEqual(["done", "done"]);
    await taskGroup(async (group) => {
      group.cancel(failure);
      expect(await own(3).exception()).toBe(failure);
      expect(await tasks.submit(triple, 4).exception()).toBe(failure);
    });
  });

  it("inside of a worker belong to the call, not to the group of its caller", async () => {
    // A group in the method is cancelled with the call, and the call waits for its children.
    const controller = new AbortController();
    const call = grouping.with({ signal: controller.signal }).hold();
    await until(() => call.progress !== undefined);
    controller.abort(failure);
    expect(await call.exception()).toBe(failure);
    await until(() => grouping.stats().workers.busy === 0);
    expect(await grouping.held()).toEqual({ begun: 1, ended: 1 });
    // The group is the caller's: the worker sees none, and what it makes of the call there runs on.
    const group = new TaskGroup();
    await group.run(() => grouping.startBackground());
    group.cancel(failure);
    expect(await grouping.background()).toBe("done");
    await group.join();
  });

  it("hand their deadline down to groups inside of the worker", async () => {
    const [call, group] = await grouping.with({ timeout: 50_000 }).deadlines(100_000);
    expect(group).toBe(call);
    const [later, earlier] = await grouping.with({ timeout: 50_000 }).deadlines(1000);
    expect(earlier).toBeLessThan(later!);
  });
});

describe.each(["async", "thread"] as const)("calls that are not let go in mode %s", (mode) => {
  const open = (options: { grace: number; abortStrategy?: "ignore" }) =>
    CounterWorker.options({ mode, maxWorkers: 1, concurrency: 1, ...options }).init();

  it("are waited for, and reported after the grace", async () => {
    await using pool = open({ grace: 10, abortStrategy: "ignore" });
    await pool.ready();
    const error = await reasonOf(
      taskGroup(
        async (group) => {
          const stubborn = pool.sleep(300);
          await until(() => stubborn.status === "running");
          group.cancel();
        },
        { grace: 50, name: "site" },
      ),
    );
    expect(error).toMatchObject({
      errors: [{ code: "MH_LEFT_BEHIND", names: ["Counter.sleep"] }],
      message: expect.stringContaining("'Counter.sleep'"),
    });
  });

  it("are waited for until their worker is gone, or they have ended", async () => {
    await using pool = GroupingWorker.options({ mode, maxWorkers: 1, grace: 10 }).init();
    await pool.ready();
    let stubborn: Future<void> | undefined;
    await taskGroup(async (group) => {
      stubborn = pool.ignoreSignal(150);
      await until(() => stubborn!.status === "running");
      group.cancel();
    }, PATIENT);
    expect(stubborn!.status).toBe("cancelled");
    const { begun, ended } = await pool.held();
    expect(ended).toBe(begun);
  });
});

describe.each(MODES)("a worker that starts in a group in mode %s", (mode) => {
  it("does not belong to it", async () => {
    await using pool = CounterWorker.options(usual(mode)).init();
    const scopes: unknown[] = [];
    pool.on("ready", () => scopes.push(currentScope()));
    await taskGroup(async () => {
      expect(await pool.add(1, 2)).toBe(3);
      expect(currentScope()).toBeDefined();
    });
    expect(scopes.length).toBeGreaterThan(0);
    expect(new Set(scopes)).toEqual(new Set([undefined]));
  });
});

describe("a group with nothing but a TaskGroup object", () => {
  it("has the calls of its children and of what it runs, not of the block around it", async () => {
    await using pool = CounterWorker.options({ mode: "async" }).init();
    await using group = new TaskGroup();
    const outside = pool.sleep(5);
    const inside = group.run(() => pool.untilAborted());
    const child = group.spawn(() => pool.untilAborted());
    await until(() => inside.status === "running");
    group.cancel(failure);
    expect(await inside.exception()).toBe(failure);
    expect(await child.exception()).toBe(failure);
    expect(await outside).toBe(5);
  });
});

describe.each(["sync", "thread"] as const)("calls that block in a group in mode %s", (mode) => {
  it("are refused when it is cancelled, and have its deadline", async () => {
    using pool = GroupingWorker.options({ mode, maxWorkers: 1, blocking: true, timeout: 400_000 }).init();
    await taskGroup(
      (group) => {
        expect(pool.deadline()).toBeLessThan(group.deadline! + 100_000);
        group.cancel(failure);
        expect(() => pool.deadline()).toThrow(failure);
      },
      { timeout: 200_000 },
    );
    expect(pool.deadline()).toBeGreaterThan(Date.now() + 350_000);
  });
});
