import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CancelledError, SerializationError, type Task, TimeoutError, UnknownResultError, WorkerCrashedError } from "manyhands";
import { asyncResult } from "manyhands/distributed";
import { resolveBroker } from "../../dist/distributed/broker/options.js";
import { connect } from "../../dist/distributed/broker/connection.js";
import { TaskClient } from "../../dist/distributed/tasks/client.js";
import { type TaskEvent, TaskRunner } from "../../dist/distributed/tasks/task-runner.js";
import { taskRegistration } from "../../dist/task.js";
import { freshPrefix, sharedRedis } from "../redis.js";
import * as tasks from "#fixtures/delayed.js";

const { add, append, crashOnce, decline, Declined, echo, facts, flaky, sleep, spin, sum } = tasks;

function definitionsOf(all: object): Map<string, { registration: NonNullable<ReturnType<typeof taskRegistration>>; version: string }> {
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
    process.env.MANYHANDS_BROKER = broker.url;
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
    delete process.env.MANYHANDS_BROKER;
    await runner.stop({ timeout: 1000 });
    TaskClient.closeAll();
    await removeKeys(broker.url, broker.prefix);
  });

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
});

async function removeKeys(url: string, prefix: string): Promise<void> {
  const connection = connect(resolveBroker({ url, prefix }), "test");
  const keys = (await connection.call("KEYS", `{${prefix}}*`)) as string[];
  if (keys.length > 0) await connection.call("DEL", ...keys);
  connection.disconnect();
}
