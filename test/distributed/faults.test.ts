/** What happens to calls when the nodes that serve them die, freeze, are cut off, or are stopped. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { WorkerCrashedError } from "manyhands";
import { asyncResult } from "manyhands/distributed";
import { connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { TaskClient } from "../../dist/distributed/tasks/client.js";
import { Members } from "../../dist/distributed/members/members.js";
import { RecordedWorker } from "#fixtures/recorded.js";
import { sharedRedis } from "#fixtures/redis.js";
import { FaultCluster, LEASE_MS, program, type Run, until } from "./fault-cluster.js";
import { frozenLink } from "./frozen-link.js";

/** What a machine that is busy with other things may add to a time. */
const SLACK_MS = 5000;

describe("faults of nodes and callers", { timeout: 120_000 }, () => {
  test.concurrent("a node that is killed, then one that is stopped: calls fail, or go elsewhere; others are not disturbed", async () => {
    await using cluster = new FaultCluster();
    const { broker, record } = cluster;
    const [one, two] = await Promise.all([cluster.node(), cluster.node()]);
    const options = { mode: "distributed", broker, maxWorkers: 2, maxQueuedTasks: 2 } as const;
    await using pool = RecordedWorker.options(options).init(record);
    await using careful = RecordedWorker.options({ ...options, delivery: "at-least-once" }).init(record);
    await Promise.all([pool.ready(), careful.ready()]);
    const before = await pool.broadcast.place();
    expect(new Set(before.map(({ pid }) => pid))).toEqual(new Set([one.pid, two.pid]));
    const dying = before.findIndex(({ pid }) => pid === one.pid);

    const calls = callAll(12, (index) => pool.work(`once-${index}`, 100));
    const again = Array.from({ length: 12 }, async (_, index) => careful.work(`again-${index}`, 100));
    const onOne = (): Run[] => cluster.runs().filter(({ pid }) => pid === one.pid);
    await until(() => ["once", "again"].every((kind) => onOne().some(({ id }) => id.startsWith(kind))));
    const killedAt = performance.now();
    await one.kill();
    await until(() => pool.stats().calls.failed > 0);
    const detected = performance.now() - killedAt;
    expect(detected).toBeGreaterThan(LEASE_MS / 2);
    expect(detected).toBeLessThan(1.5 * LEASE_MS + SLACK_MS);

    const settled = await calls;
    const failed = failuresOf(settled);
    // Those that the node had, and no other: the one that ran and those that waited behind it.
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(3);
    for (const error of failed) {
      expect(error).toBeInstanceOf(WorkerCrashedError);
      expect(error).toMatchObject({ reason: "node-lost" });
      expect((error as Error).message).toMatch(
        /^Cannot finish 'work' as its worker Recorded-.* was lost with its node, /,
      );
    }
    expect(await Promise.all(again)).toHaveLength(12);
    checkOnce(cluster, settled, (index) => `once-${index}`);
    const began = onOne().map(({ id }) => id);
    const counts = cluster.counts();
    for (let index = 0; index < 12; index += 1) {
      const id = `again-${index}`;
      // One that its node had ended, and told of in time, is not among those.
      expect(counts.get(id)).toBeLessThanOrEqual(began.includes(id) ? 2 : 1);
    }
    expect(Math.max(...counts.values())).toBe(2);

    // A new worker begins anew, the other has kept its state.
    const served = cluster.runs().filter(({ id, pid }) => id.startsWith("once") && pid === two.pid).length;
    const three = await cluster.node();
    await pool.ready();
    const after = await pool.broadcast.place();
    expect(after[dying]!.served).toBe(1);
    expect(after[1 - dying]).toEqual({ pid: two.pid, served: served + 2 });
    expect(pool.stats().workers.each[1 - dying]!.restarts).toBe(0);

    // Told to stop, it lets calls end, and the rest goes elsewhere.
    const later = callAll(16, (index) => pool.work(`later-${index}`, 60));
    await until(() => cluster.runs().some(({ id, pid }) => id.startsWith("later") && pid === three.pid));
    const exited = once(three.process, "exit");
    three.process.kill("SIGTERM");
    const finished = await later;
    expect(failuresOf(finished)).toEqual([]);
    expect(await exited).toEqual([0, null]);
    checkOnce(cluster, finished, (index) => `later-${index}`);

    // Told again, it ends at once.
    const endless = Promise.allSettled([pool.work("endless", 3_600_000)]);
    await until(() => cluster.counts().has("endless"));
    const gone = once(two.process, "exit");
    two.process.kill("SIGTERM");
    await until(() => two.count("stopping") === 1);
    const secondAt = performance.now();
    two.process.kill("SIGTERM");
    expect(await endless).toMatchObject([{ reason: { name: "WorkerCrashedError", reason: "node-lost" } }]);
    await gone;
    expect(performance.now() - secondAt).toBeLessThan(SLACK_MS);
  });

  test.concurrent("a node that is frozen for longer than its lease, then cut off: nothing begins there, and it joins anew", async () => {
    await using cluster = new FaultCluster();
    const { broker, record } = cluster;
    await using link = await frozenLink(sharedRedis());
    const zombie = await cluster.node({ broker: { ...broker, url: link.url } });
    const options = { mode: "distributed", broker, maxWorkers: 1, maxQueuedTasks: 20 } as const;
    await using threads = RecordedWorker.options(options).init(record);
    await using processes = RecordedWorker.options({ ...options, actor: { isolation: "process" } }).init(record);
    const pools = [threads, processes];
    await Promise.all(pools.map(async (pool) => pool.ready()));
    const { pid: child } = await processes.place();
    const failed = (): number => Math.min(...pools.map((pool) => pool.stats().calls.failed));
    const joined = (): number => zombie.count("ready");
    const began = async (kind: string): Promise<void> =>
      until(() => [0, 1].every((rest) => cluster.runs().some(({ id }) => isOf(kind, rest, id))));

    const old = callAll(80, (index) => pools[index % 2]!.work(`old-${index}`, 50));
    await began("old");
    const frozenAt = Date.now();
    zombie.freeze();
    await until(() => failed() > 0);
    zombie.thaw();
    checkLost(cluster, await old, "old", frozenAt);
    expect(zombie.count("fenced")).toBeGreaterThan(0);
    // The child went on while its node was frozen, for as long as the lease.
    const last = Math.max(...cluster.runs().flatMap(({ pid, at }) => (pid === child ? [at] : [])));
    expect(last).toBeGreaterThan(frozenAt);
    expect(last).toBeLessThanOrEqual(frozenAt + LEASE_MS);
    await until(() => !isAlive(child));

    // The network between it and the broker carries nothing, and neither side is told.
    const before = { failed: failed(), joined: joined() };
    const cut = callAll(80, (index) => pools[index % 2]!.work(`cut-${index}`, 50));
    await began("cut");
    link.cut();
    const cutAt = Date.now();
    await until(() => failed() > before.failed);
    link.heal();
    await until(() => joined() > before.joined);
    checkLost(cluster, await cut, "cut", cutAt);
  });
  test.concurrent("a caller that is frozen, then killed: its workers end with its lease; what it delayed can be fetched", async () => {
    await using cluster = new FaultCluster();
    const { broker, record } = cluster;
    const node = await cluster.node({ queues: ["default"] });
    const caller = fork(program("fault-caller"), [JSON.stringify({ broker, record })]);
    const [said] = (await once(caller, "message")) as [{ pids: number[]; task: string }];
    await until(() => cluster.runs().length === 2);
    caller.kill("SIGSTOP");
    await until(() => !said.pids.some(isAlive));
    caller.kill("SIGCONT");
    caller.send("again");
    const [later] = (await once(caller, "message")) as [{ pids: number[]; task: string }];
    await until(() => cluster.runs().length === 4);

    const exited = once(caller, "exit");
    caller.kill("SIGKILL");
    await exited;
    const killedAt = performance.now();
    expect(later.pids.every(isAlive)).toBe(true);
    await until(() => !later.pids.some(isAlive));
    expect(performance.now() - killedAt).toBeLessThan(1.5 * LEASE_MS + SLACK_MS);
    for (const { task } of [said, later]) expect(await asyncResult(task, { broker }).get()).toBe(42);

    const connection = connect(resolveBroker(broker), "test");
    const members = new Members(connection, resolveBroker(broker));
    await until(async () => (await members.nodes())[0]!.free.cpus === 2);
    expect((await members.nodes())[0]!.workers).toEqual([]);
    await connection.quit();
    TaskClient.closeAll();
    expect([node.count("fenced"), node.count("worker-ended")]).toEqual([0, 4]);
  });
});

async function callAll<T>(count: number, call: (index: number) => PromiseLike<T>): Promise<PromiseSettledResult<T>[]> {
  return Promise.allSettled(Array.from({ length: count }, (_, index) => call(index)));
}

function failuresOf(settled: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
}

/** Whether a call is of this kind, and was the first or second of two. */
function isOf(kind: string, rest: number, id: string): boolean {
  const [name, index] = id.split("-");
  return name === kind && Number(index) % 2 === rest;
}

/** What succeeded ran once; what was lost with a node had begun before its lease ended, or not at all. */
function checkLost(
  cluster: FaultCluster,
  settled: readonly PromiseSettledResult<unknown>[],
  kind: string,
  lostAt: number,
): void {
  checkOnce(cluster, settled, (index) => `${kind}-${index}`);
  const lost = new Set(settled.flatMap(({ status }, index) => (status === "rejected" ? [`${kind}-${index}`] : [])));
  for (const error of failuresOf(settled)) expect(error).toMatchObject({ reason: "node-lost" });
  expect(lost.size).toBeGreaterThan(0);
  expect(lost.size).toBeLessThan(settled.length);
  for (const { id, at } of cluster.runs()) if (lost.has(id)) expect(at).toBeLessThanOrEqual(lostAt + LEASE_MS);
}

/** What succeeded ran once, and what failed not more than that. */
function checkOnce(
  cluster: FaultCluster,
  settled: readonly PromiseSettledResult<unknown>[],
  idOf: (index: number) => string,
): void {
  const counts = cluster.counts();
  for (const [index, { status }] of settled.entries()) {
    const count = counts.get(idOf(index)) ?? 0;
    if (status === "fulfilled") expect([idOf(index), count]).toEqual([idOf(index), 1]);
    else expect(count).toBeLessThanOrEqual(1);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
