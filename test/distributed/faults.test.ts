/** What happens to calls when the nodes that serve them die, freeze, or are stopped. */
import { describe, expect, test } from "vitest";
import { WorkerCrashedError } from "manyhands";
import { RecordedWorker } from "#fixtures/recorded.js";
import { FaultCluster, isAlive, LEASE_MS, until } from "./fault-cluster.js";

type Settled = PromiseSettledResult<unknown>;

function failures(settled: readonly Settled[]): unknown[] {
  return settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
}

describe("a node that is killed", { timeout: 40_000 }, () => {
  test.concurrent("its calls fail, or go elsewhere; what lives elsewhere is not disturbed", async () => {
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

    const calls = Array.from({ length: 12 }, (_, index) => pool.work(`once-${index}`, 400));
    const again = Array.from({ length: 12 }, (_, index) => careful.work(`again-${index}`, 400));
    await until(() => cluster.runs().filter(({ pid }) => pid === one.pid).length >= 2);
    const began = new Set(
      cluster
        .runs()
        .filter(({ pid }) => pid === one.pid)
        .map(({ id }) => id),
    );
    const killedAt = performance.now();
    await one.kill();
    const first = await Promise.any(
      calls.map(async (call) =>
        call.then(
          () => Promise.reject(new Error("done")),
          (error: unknown) => ({ error }),
        ),
      ),
    );
    const detected = performance.now() - killedAt;
    expect(first.error).toBeInstanceOf(WorkerCrashedError);
    expect(detected).toBeGreaterThan(LEASE_MS / 2);
    expect(detected).toBeLessThan(LEASE_MS * 2);

    const settled = await Promise.allSettled(calls);
    const failed = failures(settled);
    expect(failed.length).toBeGreaterThan(0);
    // Those that the node had, and no other: the one that ran and those that waited behind it.
    expect(failed.length).toBeLessThanOrEqual(3);
    for (const error of failed) expect(error).toMatchObject({ name: "WorkerCrashedError", reason: "node-lost" });
    expect(await Promise.all(again)).toHaveLength(12);

    const counts = cluster.counts();
    settled.forEach(({ status }, index) => {
      const count = counts.get(`once-${index}`) ?? 0;
      if (status === "fulfilled") expect(count).toBe(1);
      else expect(count).toBeLessThanOrEqual(1);
    });
    for (let index = 0; index < 12; index += 1) {
      expect(counts.get(`again-${index}`)).toBe(began.has(`again-${index}`) ? 2 : 1);
    }

    await cluster.node();
    await pool.ready();
    const after = await pool.broadcast.place();
    expect(after[dying]!.served).toBeLessThan(after[1 - dying]!.served);
    expect(after[1 - dying]!.pid).toBe(two.pid);
    // Each call that it served, and the two questions.
    expect(after[1 - dying]!.served).toBe(
      cluster.runs().filter(({ id, pid }) => id.startsWith("once") && pid === two.pid).length + 2,
    );
    expect(isAlive(two.pid)).toBe(true);
  });
});
