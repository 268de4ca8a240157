import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { BrokerUnavailableError, WorkerCrashedError } from "manyhands";
import { asyncResult } from "manyhands/distributed";
import { type BrokerOptions, resolveBroker } from "../../dist/config/broker.js";
import { connect } from "../../dist/distributed/broker/connection.js";
import { TaskClient } from "../../dist/distributed/tasks/client.js";
import { TaskRunner } from "../../dist/distributed/tasks/task-runner.js";
import { taskRegistration } from "../../dist/task.js";
import { freshPrefix, type PrivateRedis, startRedis } from "#fixtures/redis.js";
import { add, facts, sleep } from "#fixtures/delayed.js";

const program = fileURLToPath(import.meta.resolve("#fixtures/programs/task-node.js"));

describe("faults of delayed tasks", { timeout: 60_000 }, () => {
  const nodes: ChildProcess[] = [];
  const servers: PrivateRedis[] = [];
  const runners: TaskRunner[] = [];

  const startServer = async (options: readonly string[] = []): Promise<PrivateRedis> => {
    const server = await startRedis(options);
    servers.push(server);
    return server;
  };
  const startNode = async (broker: object): Promise<ChildProcess> => {
    const node = fork(program, [JSON.stringify(broker)]);
    nodes.push(node);
    await once(node, "message");
    return node;
  };

  /** A node in this process, where it need not die. */
  const startRunner = async (broker: BrokerOptions): Promise<TaskRunner> => {
    const definitions = new Map(
      [add, facts, sleep].map((one) => {
        const registration = taskRegistration(one)!;
        return [registration.name, { registration, version: "1" }];
      }),
    );
    const runner = new TaskRunner({ broker: resolveBroker(broker), definitions, concurrency: 4, threads: 1 });
    runners.push(runner);
    await runner.start();
    return runner;
  };

  afterEach(async () => {
    TaskClient.closeAll();
    await Promise.all(runners.splice(0).map(async (runner) => runner.kill()));
    await Promise.all(nodes.splice(0).map(kill));
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  });

  test("a node that dies, or is frozen: again elsewhere, or a clear error, and each result once", async () => {
    const server = await startServer();
    const broker = { url: server.url, prefix: freshPrefix(), lease: 1000, brokerTimeout: 8000 };
    const first = await startNode(broker);
    const again = await sleep.delayWith({ broker })(400);
    const once = await sleep.delayWith({ broker, delivery: "at-most-once" })(60_000);
    await until(async () => (await again.progress()) !== undefined && (await once.progress()) !== undefined);
    const second = await startNode(broker);
    await kill(first);
    await expect(once.get()).rejects.toBeInstanceOf(WorkerCrashedError);
    await expect(once.get()).rejects.toThrow(/its node died/);
    expect(await again.get()).toBe("slept");

    const frozen = await sleep.delayWith({ broker, delivery: "at-most-once" })(300);
    await until(async () => (await frozen.progress()) !== undefined);
    second.kill("SIGSTOP");
    await startRunner(broker);
    await expect(frozen.get()).rejects.toBeInstanceOf(WorkerCrashedError);
    second.kill("SIGCONT");
    const values = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => (await add.delayWith({ broker })(n, 1)).get()),
    );
    expect(values).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    await expect(asyncResult(frozen.id, { broker }).get()).rejects.toBeInstanceOf(WorkerCrashedError);
  });

  test("a broker that dies and comes back: nothing acknowledged is lost", async () => {
    const server = await startServer(["--appendfsync", "always"]);
    const broker = { url: server.url, prefix: freshPrefix(), lease: 1000, brokerTimeout: 8000 };
    await startRunner(broker);
    expect(await (await add.delayWith({ broker })(1, 1)).get()).toBe(2);
    const running = await sleep.delayWith({ broker })(300);
    const waiting = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => add.delayWith({ broker, countdown: 200 })(n, 1)),
    );
    const wait = Promise.all([running.get(), ...waiting.map((result) => result.get())]);
    await server.kill();
    const during = add.delayWith({ broker })(40, 2);
    await server.restart();
    expect(await (await during).get()).toBe(42);
    expect(await wait).toEqual(["slept", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("messages that are lost: results are looked for", async () => {
    const server = await startServer();
    const broker = { url: server.url, prefix: freshPrefix(), lease: 1000, brokerTimeout: 8000 };
    await startRunner(broker);
    const admin = connect(resolveBroker(broker), "test");
    const cut = setInterval(() => void admin.call("CLIENT", "KILL", "TYPE", "pubsub"), 5);
    const results = await Promise.all(Array.from({ length: 100 }, async (_, n) => add.delayWith({ broker })(n, 1)));
    setTimeout(() => clearInterval(cut), 200);
    expect(await Promise.all(results.map((result) => result.get()))).toEqual(
      Array.from({ length: 100 }, (_, n) => n + 1),
    );
    clearInterval(cut);
    admin.disconnect();
  });

  test("a node that is cut off for longer than its lease ends what it runs", async () => {
    const server = await startServer();
    const broker = { url: server.url, prefix: freshPrefix(), lease: 1000, brokerTimeout: 8000 };
    const runner = await startRunner(broker);
    const result = await sleep.delayWith({ broker, delivery: "at-most-once" })(60_000);
    await until(async () => (await result.state()) === "started");
    await server.kill();
    await until(async () => Promise.resolve(runner.active === 0));
    await server.restart();
    await expect(result.get()).rejects.toBeInstanceOf(WorkerCrashedError);
  });

  test("a broker that stays away, or is full: an error after brokerTimeout", async () => {
    const server = await startServer(["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"]);
    const broker = { url: server.url, prefix: freshPrefix(), lease: 1000, brokerTimeout: 400 };
    const waiting = await add.delayWith({ broker })(1, 1);
    const fill = add.delayWith({ broker });
    const full: unknown = await (async () => {
      const large = "x".repeat(200_000) as unknown as number;
      for (let count = 0; count < 100; count += 1) await fill(large, 1);
    })().catch((error: unknown) => error);
    expect(full).toBeInstanceOf(BrokerUnavailableError);
    expect((full as Error).message).toMatch(/^Cannot delay 'add' as the broker .*OOM.*: start it, or free its memory$/);
    const wait = waiting.get();
    wait.catch(() => {});
    await server.kill();
    await expect(wait).rejects.toBeInstanceOf(BrokerUnavailableError);
    await expect(fill(1, 1)).rejects.toBeInstanceOf(BrokerUnavailableError);
    await server.restart();
  });

  test("a warm stop lets tasks end; results outlive their caller", async () => {
    const server = await startServer();
    const broker = { url: server.url, prefix: freshPrefix(), lease: 1000, brokerTimeout: 8000 };
    const node = await startNode(broker);
    const running = await sleep.delayWith({ broker })(300);
    await until(async () => (await running.state()) === "started");
    const exited = once(node, "exit");
    node.kill("SIGTERM");
    TaskClient.closeAll();
    expect(await asyncResult(running.id, { broker }).get()).toBe("slept");
    const next = await facts.delayWith({ broker })();
    node.disconnect();
    await exited;
    expect(await next.state()).toBe("waiting");
    await startRunner(broker);
    expect(await next.get()).toEqual({ id: next.id, attempt: 1 });
  });
});

async function kill(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const exited = once(node, "exit");
  node.kill("SIGKILL");
  await exited;
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 10));
}
