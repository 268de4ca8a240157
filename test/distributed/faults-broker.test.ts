/** What happens to calls when the broker dies, comes back, forgets everything, has no memory left, or stays away. */
import { describe, expect, test } from "vitest";
import { BrokerUnavailableError, WorkerCrashedError } from "manyhands";
import { connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { RecordedWorker } from "#fixtures/recorded.js";
import { startRedis } from "#fixtures/redis.js";
import { FaultCluster, until } from "./fault-cluster.js";

const pause = async (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

describe("the broker", { timeout: 120_000 }, () => {
  test.concurrent("dies and comes back with what it had: nothing is lost, nothing runs twice", async () => {
    await using server = await startRedis();
    // Whoever is busy for longer is counted as dead, and that is not what this is about.
    const lease = 4000;
    await using cluster = new FaultCluster({ url: server.url, brokerTimeout: 20_000, lease });
    const { broker, record } = cluster;
    const nodes = await Promise.all([cluster.node(), cluster.node()]);
    const options = { mode: "distributed", broker, maxWorkers: 2, maxQueuedTasks: 3 } as const;
    await using pool = RecordedWorker.options(options).init(record);
    await pool.ready();
    let made = 0;
    const calls: PromiseLike<unknown>[] = [];
    const callSome = (count: number): void => {
      for (let index = 0; index < count; index += 1) calls.push(pool.work(`once-${made++}`, 20));
    };
    // Shorter than the lease, and longer.
    for (const away of [200, 1.3 * lease]) {
      callSome(40);
      const before = cluster.runs().length;
      await until(() => cluster.runs().length >= before + 4);
      await server.kill();
      callSome(10);
      await pause(away);
      await server.restart();
      callSome(10);
      await Promise.all(calls);
    }
    const counts = cluster.counts();
    expect([counts.size, Math.max(...counts.values())]).toEqual([made, 1]);
    expect(nodes.map((node) => node.count("fenced"))).toEqual([0, 0]);
    const places = await pool.broadcast.place();
    expect(places.reduce((sum, { served }) => sum + served, 0)).toBe(made + 2);
  });

  test.concurrent("comes back empty: workers are replaced, calls fail or go again, and all goes on", async () => {
    await using server = await startRedis(["--appendonly", "no"]);
    await using cluster = new FaultCluster({ url: server.url, brokerTimeout: 20_000 });
    const { broker, record } = cluster;
    const nodes = await Promise.all([cluster.node(), cluster.node()]);
    const options = { mode: "distributed", broker, maxWorkers: 2, maxQueuedTasks: 2 } as const;
    await using pool = RecordedWorker.options(options).init(record);
    await using careful = RecordedWorker.options({ ...options, delivery: "at-least-once" }).init(record);
    await Promise.all([pool.ready(), careful.ready()]);
    const calls = Promise.allSettled(Array.from({ length: 20 }, (_, index) => pool.work(`once-${index}`, 50)));
    const again = Promise.all(Array.from({ length: 20 }, (_, index) => careful.work(`again-${index}`, 50)));
    await until(() => cluster.runs().length >= 4);
    await server.kill();
    await server.restart();
    const settled = await calls;
    const failed = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
    expect(failed.length).toBeLessThanOrEqual(6);
    for (const error of failed) {
      expect(error).toBeInstanceOf(WorkerCrashedError);
      expect(error).toMatchObject({ reason: expect.stringMatching(/^(disconnected|node-lost)$/) });
      expect(error.message).toMatch(
        /^Cannot finish 'work' as its worker .* was lost with (its node|what was on its way: .*), and may have begun it: /,
      );
    }
    expect(await again).toHaveLength(20);
    const counts = cluster.counts();
    for (const [index, { status }] of settled.entries()) {
      const count = counts.get(`once-${index}`) ?? 0;
      if (status === "fulfilled") expect(count).toBe(1);
      else expect(count).toBeLessThanOrEqual(1);
    }
    await until(() => nodes.every((node) => node.count("ready") >= 2));
    await pool.ready();
    expect((await pool.work("after", 0)).served).toBeLessThan(20);
  });

  test.concurrent("has no memory left, or stays away: a clear error in time, and the same pool goes on later", async () => {
    await using server = await startRedis(["--maxmemory-policy", "noeviction"]);
    const brokerTimeout = 2000;
    await using cluster = new FaultCluster({ url: server.url, brokerTimeout });
    const { broker, record } = cluster;
    const node = await cluster.node();
    const options = { mode: "distributed", broker, maxWorkers: 1, maxQueuedTasks: 2 } as const;
    await using pool = RecordedWorker.options(options).init(record);
    const first = await pool.work("first", 0);
    expect(first.pid).toBe(node.pid);
    const redis = connect(resolveBroker(broker), "test");
    const fillers = await fill(redis);
    const from = performance.now();
    const full = await Promise.allSettled([pool.work("full-1", 0), pool.work("full-2", 0), pool.work("full-3", 0)]);
    expect(performance.now() - from).toBeLessThan(brokerTimeout + 5000);
    for (const { reason } of full as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(BrokerUnavailableError);
      expect((reason as Error).message).toMatch(/^Cannot .* as the broker .*OOM .*maxmemory/);
    }
    await redis.call("DEL", ...fillers);
    expect(cluster.counts().get("full-1")).toBeUndefined();
    await until(async () => succeeds(pool.work("freed", 0)));

    // What it answers cannot be sent either.
    const running = Promise.allSettled([pool.work("running", 2000)]);
    await until(() => cluster.counts().has("running"));
    const more = await fill(redis);
    expect((await running)[0]).toMatchObject({ reason: { name: "WorkerCrashedError", reason: "disconnected" } });
    await redis.call("DEL", ...more);
    await until(async () => succeeds(pool.work("again", 0)));

    const waiting = Promise.allSettled([pool.work("endless", 3_600_000), pool.work("behind", 0)]);
    await until(() => cluster.counts().has("endless"));
    await server.kill();
    const killedAt = performance.now();
    const away = Promise.allSettled([pool.work("away", 0)]);
    for (const { reason } of [...(await waiting), ...(await away)] as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(BrokerUnavailableError);
      expect((reason as Error).message).toMatch(/^Cannot .* as the broker .* did not answer for 2000 ms/);
    }
    expect(performance.now() - killedAt).toBeLessThan(2 * brokerTimeout + 5000);
    await server.restart();
    await until(async () => succeeds(pool.work("back", 0)));
    await redis.quit();
  });
});

async function succeeds(call: PromiseLike<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    () => false,
  ) as Promise<boolean>;
}

/** Stores values until none is taken any more, nor anything else: little things go in even then. */
async function fill(redis: ReturnType<typeof connect>): Promise<string[]> {
  const names: string[] = [];
  await redis.call("CONFIG", "SET", "maxmemory", "16mb");
  try {
    for (;;) {
      const name = `filler-${names.length}`;
      await redis.call("SET", name, "x".repeat(500_000));
      names.push(name);
    }
  } catch {
    await redis.call("CONFIG", "SET", "maxmemory", "12mb");
  }
  return names;
}
