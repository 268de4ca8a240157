import { afterAll, beforeAll, describe, expect, expectTypeOf, test, vi } from "vitest";
import {
  type AsyncResult,
  CancelledError,
  SerializationError,
  type Task,
  TimeoutError,
  UnknownResultError,
  WorkerCrashedError,
} from "manyhands";
import { asyncResult } from "manyhands/distributed";
import { resolveBroker } from "../../dist/config/broker.js";
import { connect } from "../../dist/distributed/broker/connection.js";
import { keysOf } from "../../dist/distributed/broker/keys.js";
import { TaskClient } from "../../dist/distributed/tasks/client.js";
import type { TaskEvent } from "../../dist/distributed/tasks/task-event.js";
import { TaskRunner } from "../../dist/distributed/tasks/task-runner.js";
import { taskRegistration } from "../../dist/task.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";
import * as tasks from "#fixtures/delayed.js";

const { add, append, crashOnce, decline, Declined, delegate, echo, facts, flaky, sleep, spin, sum } = tasks;

function definitionsOf(
  all: object,
): Map<string, { registration: NonNullable<ReturnType<typeof taskRegistration>>; version: string }> {
  const found = new Map();
  for (const one of Object.values(all) as object[]) {
    const registration = taskRegistration(one);
    if (registration) found.set(registration.name, { registration, version: "1" });
  }
  return found as ReturnType<typeof definitionsOf>;
}

describe("tasks on a broker", () => {
  const broker = { url: sharedRedis(), prefix: freshPrefix(), lease: 1000, brokerTimeout: 5000 };
  const events: TaskEvent[] = [];
  let runner: TaskRunner;

  beforeAll(async () => {
    vi.stubEnv("MANYHANDS_BROKER", broker.url);
    runner = new TaskRunner({
      broker: resolveBroker(broker),
      definitions: definitionsOf(tasks),
      concurrency: 4,
      threads: 2,
      onEvent: (event) => events.push(event),
    });
    await runner.start();
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await runner.stop({ timeout: 1000 });
    TaskClient.closeAll();
    await removeKeys(broker.url, broker.prefix);
  });

  const eventsOf = ({ id }: { readonly id: string }): string[] =>
    events.filter((event) => event.id === id).map(({ kind, state }) => [kind, state].filter(Boolean).join(" "));

  const to = <F extends (...args: never[]) => unknown>(task: Task<F>, options = {}): ReturnType<Task<F>["delayWith"]> =>
    task.delayWith({ broker, ...options });

  test("run elsewhere, and their results come back", async () => {
    const results = [await to(add)(1, 1), await to(add)(2, 2)];
    expect(await Promise.all(results.map((result) => result.get()))).toEqual([2, 4]);
    expect(await results[0]!.state()).toBe("succeeded");
    const again = asyncResult<number>(results[1]!.id, { broker });
    expect(await again.get()).toBe(4);
    expect(results[0]).not.toHaveProperty("then");
  });

  test("types", () => {
    expectTypeOf(add.delay).returns.resolves.toEqualTypeOf<AsyncResult<number>>();
    expectTypeOf(sleep.delayWith({ countdown: 5 })).returns.resolves.toEqualTypeOf<AsyncResult<string>>();
    expectTypeOf<AsyncResult<number>>().toExtend<Parameters<typeof add.delay>[0]>();
    expectTypeOf<AsyncResult<string>>().not.toExtend<Parameters<typeof add.delay>[0]>();
  });

  test("the call has the id and the attempt of its job", async () => {
    const result = await to(facts)();
    expect(await result.get()).toEqual({ id: result.id, attempt: 1 });
    const own = await to(facts, { id: "order-17" })();
    expect(own.id).toBe("order-17");
    expect(await own.get()).toEqual({ id: "order-17", attempt: 1 });
  });

  test("the same id is run once", async () => {
    const list = `{${broker.prefix}}:words`;
    const once = to(append, { id: "once" });
    const results = await Promise.all([once(broker.url, list, "a"), once(broker.url, list, "b")]);
    await Promise.all(results.map((result) => result.get()));
    expect(await lengthOf(broker.url, list)).toBe(1);
    // One that has ended already is not told of again, so it is looked for.
    const began = performance.now();
    await (await once(broker.url, list, "c")).get();
    expect(performance.now() - began).toBeLessThan(1500);
  });

  test("values arrive as they were, also large ones", async () => {
    const value = { when: new Date(5), map: new Map([[1n, new Set([undefined])]]), bytes: new Uint8Array([1, 2]) };
    expect(await (await to(echo)(value)).get()).toEqual(value);
    const large = "x".repeat(300_000);
    expect(await (await to(echo)(large)).get()).toBe(large);
    await expect(to(echo, { maxSize: 1000 })(large)).rejects.toThrow(/more than 1000 bytes/);
    await expect(to(echo)({ fn: () => 1 })).rejects.toBeInstanceOf(SerializationError);
    expect(await (await to(echo)(undefined)).get()).toBeUndefined();
  });

  test("what is thrown arrives as itself", async () => {
    const result = await to(decline)(7);
    const thrown: unknown = await result.get().catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Declined);
    expect(thrown).toMatchObject({ message: "declined", amount: 7 });
    expect((thrown as Error).stack).toMatch(/delayed\.(?:js|ts)[\s\S]*at decline \(task/);
    expect(await result.state()).toBe("failed");
    const found = asyncResult(result.id, { broker, errors: [Declined] });
    await expect(found.get()).rejects.toBeInstanceOf(Declined);
  });

  test("retries: of the definition, and of the call", async () => {
    expect(await (await to(flaky)(3)).get()).toBe(3);
    await expect((await to(flaky)(4)).get()).rejects.toThrow("attempt 3");
    expect(await (await to(flaky, { retry: { retries: 4, wait: 10 } })(5)).get()).toBe(5);
  });

  test("a countdown holds a task back, and too late is not run", async () => {
    const began = Date.now();
    const result = await to(add, { countdown: 300 })(1, 2);
    expect(await result.state()).toBe("delayed");
    expect(await result.get()).toBe(3);
    expect(Date.now() - began).toBeGreaterThanOrEqual(295);
    const late = await to(add, { countdown: 100, expires: 50 })(1, 2);
    await expect(late.get()).rejects.toBeInstanceOf(TimeoutError);
    expect(await late.state()).toBe("expired");
    expect(eventsOf(late)).toEqual(["task-received", "task-failed expired"]);
  });

  test("results of others as arguments, at any depth", async () => {
    const slow = await to(sleep)(150);
    const first = await to(add)(1, 1);
    const second = await to(add)(first, 3);
    const third = await to(sum)({ list: [await to(add)(second, 1), 10], more: new Map([["a", first]]) });
    expect(await third.get()).toBe(18);
    const after = await to(echo)([slow, slow]);
    expect(["waiting", "started"]).toContain(await after.state());
    expect(await after.get()).toEqual(["slept", "slept"]);
    await expect.poll(() => eventsOf(after)).toEqual(["task-received", "task-started", "task-succeeded"]);
  });

  test("what needs a result that failed fails with its error", async () => {
    const failed = await to(decline)(3);
    const after = await to(echo)([failed]);
    await expect(after.get()).rejects.toMatchObject({ name: "Declined", amount: 3 });
    const needsUnknown = await to(echo)([asyncResult("nobody", { broker })]);
    await expect(needsUnknown.get()).rejects.toBeInstanceOf(UnknownResultError);
  });

  test("revoke: before it runs, while it runs, and with its thread", async () => {
    const waiting = await to(add, { countdown: 60_000 })(1, 1);
    const after = await to(echo)(waiting);
    const wait = waiting.get();
    wait.catch(() => {});
    await waiting.revoke();
    await expect(wait).rejects.toBeInstanceOf(CancelledError);
    await expect(after.get()).rejects.toBeInstanceOf(CancelledError);
    expect(await waiting.state()).toBe("revoked");
    await expect(asyncResult(waiting.id, { broker }).get()).rejects.toBeInstanceOf(CancelledError);

    const running = await to(sleep)(60_000);
    await until(async () => (await running.progress()) !== undefined);
    expect(await running.state()).toBe("started");
    expect(await running.progress()).toEqual({ done: 1, total: 4 });
    await running.revoke();
    await expect(running.get()).rejects.toBeInstanceOf(CancelledError);
    expect(await running.state()).toBe("revoked");

    const spinning = await to(spin)(60_000);
    await until(async () => (await spinning.state()) === "started");
    await spinning.revoke({ terminate: true });
    await expect(spinning.get()).rejects.toBeInstanceOf(CancelledError);
    expect(await (await to(add)(1, 1)).get()).toBe(2);
  });

  test("revoke: at any moment after it was made", async () => {
    for (let after = 0; after < 24; after += 1) {
      const result = await to(sleep)(60_000);
      await new Promise((resolve) => setTimeout(resolve, after / 4));
      await result.revoke();
      await expect(result.get({ timeout: 20_000 })).rejects.toBeInstanceOf(CancelledError);
    }
  });

  test("tasks that wait for each other, or for themselves, fail", async () => {
    const reference = (id: string): never => asyncResult<number>(id, { broker }) as never;
    // Neither runs before both are there.
    const first = await to(add, { id: "first", countdown: 100 })(reference("second"), 1);
    const second = await to(add, { id: "second" })(reference("first"), 1);
    const alone = await to(echo, { id: "alone" })([reference("alone")]);
    for (const result of [first, second, alone]) {
      await expect(result.get({ timeout: 20_000 })).rejects.toThrow(/each would wait for the other/);
    }
  });

  test("a thread that dies: again, or not", async () => {
    const key = `{${broker.prefix}}:crashes`;
    expect(await (await to(crashOnce)(broker.url, key)).get()).toBe(2);
    const once = await to(crashOnce, { delivery: "at-most-once" })(broker.url, `${key}2`);
    await expect(once.get()).rejects.toBeInstanceOf(WorkerCrashedError);
    expect(await (await to(add)(1, 1)).get()).toBe(2);
  });

  test("get gives up after its timeout, and by its signal; the task goes on", async () => {
    const result = await to(sleep)(300);
    await expect(result.get({ timeout: 20 })).rejects.toBeInstanceOf(TimeoutError);
    await expect(result.get({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: "TimeoutError" });
    expect(await result.get()).toBe("slept");
    expect(await result.get()).toBe("slept");
  });

  test("results are kept for their time, and dropped when forgotten", async () => {
    const brief = await to(add, { resultTtl: 1 })(1, 1);
    expect(await brief.get()).toBe(2);
    await until(async () => (await brief.state()) === "unknown");
    const large = await to(echo, { resultTtl: 1 })("x".repeat(500_000));
    await until(async () => (await large.state()) === "unknown");
    // The engine writes results into its events too.
    await until(async () => (await sizeOf(broker.url, `${keysOf(broker.prefix).queues}:default:events`)) < 100_000);
    await expect(asyncResult(brief.id, { broker }).get()).rejects.toBeInstanceOf(UnknownResultError);
    const forgotten = await to(add)(1, 1);
    await forgotten.get();
    await forgotten.forget();
    expect(await forgotten.state()).toBe("unknown");
    await expect(asyncResult("never", { broker }).get()).rejects.toThrow(/knows no such task/);
  });

  test("higher priority first", async () => {
    const list = `{${broker.prefix}}:order`;
    const busy = await Promise.all([1, 2, 3, 4].map(async () => to(sleep)(300)));
    await until(async () => (await busy[3]!.state()) === "started");
    const late = [
      await to(append, { priority: -1 })(broker.url, list, "low"),
      await to(append)(broker.url, list, "middle"),
      await to(append, { priority: 2.5 })(broker.url, list, "high"),
    ];
    expect(await late[0]!.state()).toBe("waiting");
    await Promise.all(late.map((result) => result.get()));
    const order = events.filter(({ kind, name }) => kind === "task-received" && name === "append").slice(-3);
    expect(order.map(({ id }) => id)).toEqual([late[2]!.id, late[1]!.id, late[0]!.id]);
  });

  test("a task may delay another", async () => {
    expect(await (await to(delegate)(broker, 4)).get()).toBe(5);
  });

  test("a task that the node does not know is left to others, and said so once", async () => {
    const client = TaskClient.of(resolveBroker(broker));
    const data = { caller: "", args: [], ttl: 1000 } as never;
    await client.run("add jobs", async () =>
      client.queue("default").addBulk([{ name: "elsewhere", data, opts: { jobId: "stranger-1" } }]),
    );
    const result = asyncResult("stranger-1", { broker });
    await expect.poll(() => eventsOf(result)).toEqual(["task-unknown"]);
    await expect.poll(() => result.state()).toBe("delayed");
    await result.revoke();
  });

  test("jobs that others wrote harm nobody", async () => {
    const client = TaskClient.of(resolveBroker(broker));
    const foreign = [
      { name: "add", data: { args: "x" } },
      { name: "add", data: JSON.parse('{ "__proto__": { "polluted": 1 } }') as object },
      { name: "echo", data: { caller: "a:b", args: [], ttl: 1 } },
      { name: "add", data: { caller: "", args: [{ $: "Function", value: "process.exit()" }], ttl: 1000 } },
    ].map(({ name, data }, index) => ({ name, data: data as never, opts: { jobId: `foreign-${index}` } }));
    await client.run("add jobs", async () => client.queue("default").addBulk(foreign));
    const found = await Promise.all(
      foreign.map(async ({ opts }) =>
        asyncResult(opts.jobId, { broker })
          .get()
          .catch((error: Error) => error),
      ),
    );
    expect(found.map((error) => (error as Error).name)).toEqual(foreign.map(() => "SerializationError"));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(await (await to(add)(1, 1)).get()).toBe(2);
  });

  test("many at once, none lost", async () => {
    const results = await Promise.all(Array.from({ length: 500 }, async (_, n) => to(add)(n, n)));
    const values = await Promise.all(results.map((result) => result.get()));
    expect(values).toEqual(Array.from({ length: 500 }, (_, n) => 2 * n));
  });
});

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function lengthOf(url: string, list: string): Promise<number> {
  const connection = connect(resolveBroker(url), "test");
  const length = (await connection.call("LLEN", list)) as number;
  connection.disconnect();
  return length;
}

async function sizeOf(url: string, key: string): Promise<number> {
  const connection = connect(resolveBroker(url), "test");
  const size = (await connection.call("MEMORY", "USAGE", key)) as number | null;
  connection.disconnect();
  return size ?? 0;
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const connection = connect(resolveBroker({ url, prefix }), "test");
  const keys = (await connection.call("KEYS", `{${prefix}}*`)) as string[];
  if (keys.length > 0) await connection.call("DEL", ...keys);
  connection.disconnect();
}
