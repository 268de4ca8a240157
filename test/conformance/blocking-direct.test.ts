import { WorkerCrashedError } from "manyhands";
import { describe, expect, it } from "vitest";
import { CounterWorker, TeapotError } from "#fixtures/counter.js";
import { CrasherWorker } from "#fixtures/crasher.js";
import { Bell } from "../../dist/wire/bell.js";
import { DirectCalls } from "../../dist/pool/direct-calls.js";
import { Lending } from "../../dist/pool/lending.js";
import { openPool, sourceOf } from "../../dist/pool/open-pool.js";
import type { PoolOptions } from "../../dist/pool/options.js";

/** A pool in this thread that lends to this thread: so it can do nothing while a direct call is made. */
function lender(options: PoolOptions): { core: ReturnType<typeof openPool>; lending: Lending; direct: DirectCalls } {
  const core = openPool(sourceOf(CounterWorker.registration), { mode: "thread", ...options }, []);
  const bell = new Bell();
  return { core, lending: new Lending(core, bell), direct: new DirectCalls(bell) };
}

const ONE = { maxWorkers: 1, blocking: true } as const;

describe("a worker that is lent", () => {
  it("answers without its pool, which counts the calls afterwards", async () => {
    const { core, lending, direct } = lender({ maxWorkers: 2 });
    const increment = core.methods.find(({ name }) => name === "increment")!;
    expect(lending.lend(), "none is ready").toBeUndefined();
    await core.ready();
    direct.borrow(lending.lend());
    const values = [1, 2, 3, 4].map((by) => direct.call(direct.workerFor(increment)!, increment, [by])![3]);
    expect(values, "each of the two in turn").toEqual([1, 2, 4, 6]);
    expect(core.stats().calls.done).toBe(0);
    for (const usage of direct.giveBack()) lending.returned(usage);
    expect(direct.workerFor(increment), "it was given back").toBeUndefined();
    const { calls, run, wait, loadBalancer, workers } = core.stats();
    expect(calls).toMatchObject({ done: 4, failed: 0, running: 0, queued: 0 });
    expect([run.count, wait.count]).toEqual([4, 4]);
    expect(loadBalancer).toMatchObject({ dispatched: 4, total: [2, 2], active: [0, 0] });
    expect(workers.each.map(({ total }) => total)).toEqual([2, 2]);
    await core.drain();
    direct.close();
    await core.stop();
  });

  it.each([
    ["its pool is elastic", { maxWorkers: { min: 1, max: 1 } }],
    ["calls time out", { maxWorkers: 1, timeout: 1000 }],
    ["values go by ports", { maxWorkers: 1, transport: "port" }],
    ["a function has the say", { maxWorkers: 1, loadBalancing: () => 0 }],
    ["it is to end after the next call", { maxWorkers: 1, recycle: { afterCalls: 1 } }],
  ] as const)("is none where %s", async (_why, options) => {
    const { core, lending } = lender(options as PoolOptions);
    await core.ready();
    expect(lending.lend()).toBeUndefined();
    await core.stop();
  });
});

describe.each([
  ["hot", {}],
  ["woken for each call", { spin: "off" }],
  ["called by the bridge", { transport: "port" }],
] as const)("a blocking pool whose worker is %s", (_how, options) => {
  it("takes and returns values of every kind, and throws", async () => {
    using pool = CounterWorker.options({ mode: "thread", ...ONE, ...options }).init(5);
    await new Promise((resolve) => setTimeout(resolve, 1));
    for (let call = 0; call < 300; call += 1) pool.increment(1);
    expect(pool.count()).toBe(305);
    expect(pool.incrementLater(2)).toBe(307);
    const value = {
      id: 1n,
      map: new Map([["a", new Set([1])]]),
      bytes: new Uint8Array(200_000).fill(7),
      nothing: undefined,
    };
    expect(pool.echo(value)).toEqual(value);
    expect(pool.fill(10, 3)).toEqual(new Uint8Array(10).fill(3));
    const shared = new SharedArrayBuffer(4);
    pool.store(shared, 42);
    expect(new Int32Array(shared)[0]).toBe(42);
    expect(() => pool.fail("teapot")).toThrow(TeapotError);
    expect(() => pool.echo(() => 1)).toThrow(/args\[0\]/);
    expect(() => pool.unsendable()).toThrow(/result\.handlers\.onDone/);
    expect(pool.progress(2)).toBe(2);
    expect([...pool.letters("ab")]).toEqual(["a", "b"]);
    const before = Number(pool.callId().split(":")[1]);
    expect(pool.callId(), "calls are numbered one after the other").toMatch(new RegExp(`:${before + 1}$`));
    const { calls, run, wait, loadBalancer, workers } = pool.stats();
    expect(calls).toMatchObject({ done: 309, failed: 2, cancelled: 0, running: 0, queued: 0 });
    expect([run.count, wait.count]).toEqual([311, 311]);
    expect(loadBalancer).toMatchObject({ dispatched: 311, total: [311] });
    expect(workers).toMatchObject({ restarts: 0, total: 1, busy: 0 });
    const nesting = {
      get inner() {
        return pool.echo(1);
      },
    };
    expect(pool.echo(nesting), "a getter makes a call").toEqual({ inner: 1 });
  });

  it("wakes up when the worker dies over a call, and goes on with another", () => {
    using pool = CrasherWorker.options({
      mode: "thread",
      ...ONE,
      resourceLimits: { maxOldGenerationSizeMb: 24 },
      ...options,
    }).init();
    const deaths = [
      [() => pool.exit(3), { reason: "exit", exitCode: 3 }],
      [() => pool.throwLater(), { reason: "uncaught-exception" }],
      [() => pool.rejectLater(), { reason: "uncaught-exception" }],
      [() => pool.useUpMemory(), { reason: "out-of-memory" }],
    ] as const;
    for (const [index, [die, details]] of deaths.entries()) {
      expect(pool.calls()).toBe(1);
      expect(pool.calls()).toBe(2);
      const error = catchError(die) as WorkerCrashedError;
      expect(error).toBeInstanceOf(WorkerCrashedError);
      expect(error).toMatchObject(details);
      expect(error.message).toMatch(/^Cannot finish '\w+' as its worker /);
      expect(pool.stats()).toMatchObject({
        calls: { failed: index + 1, done: 2 * (index + 1) },
        workers: { restarts: index + 1 },
      });
    }
  });

  it("is ended by a health check while it hangs, resized, recycled and stopped", () => {
    using hanging = CrasherWorker.options({
      mode: "thread",
      ...ONE,
      healthCheck: { interval: 50, timeout: 50 },
      ...options,
    }).init();
    hanging.calls();
    expect(() => hanging.forever()).toThrow(/did not answer its health check/);
    expect(hanging.calls()).toBe(1);

    using recycled = CounterWorker.options({ mode: "thread", ...ONE, recycle: { afterCalls: 5 }, ...options }).init();
    const ids = Array.from({ length: 12 }, () => recycled.id());
    expect([0, 5, 10].map((at) => new Set(ids.slice(at, at + 5)).size)).toEqual([1, 1, 1]);
    expect(new Set(ids).size).toBe(3);

    using pool = CounterWorker.options({ mode: "thread", ...ONE, ...options }).init();
    expect([pool.index(), pool.index()]).toEqual([0, 0]);
    pool.resize(2);
    expect(new Set(Array.from({ length: 8 }, () => pool.index()))).toEqual(new Set([0, 1]));
    pool.resize(1);
    expect(pool.index()).toBe(0);
    pool.stop();
    expect(() => pool.index()).toThrow(/stopped/);
    expect(pool.stats()).toMatchObject({ isStopped: true, calls: { done: 11, failed: 1 } });
  });
});

function catchError(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}
