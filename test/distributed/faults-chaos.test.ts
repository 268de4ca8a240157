/** Nodes die, freeze and stop at random while calls are made: whatever happens, each call has one outcome. */
import { expect, test } from "vitest";
import { WorkerCrashedError } from "manyhands";
import { RecordedWorker } from "#fixtures/recorded.js";
import { FaultCluster, LEASE_MS, type TestNode } from "./fault-cluster.js";

const CALLS = 2000;
const BATCH = 25;
const NODES = 3;
const FAULTS = 6;

test("chaos: every call settles, none runs twice that must not", { timeout: 120_000 }, async () => {
  const seed = Date.now() % 1_000_000;
  const random = generator(seed);
  await using cluster = new FaultCluster();
  const { broker, record } = cluster;
  const start = async (): Promise<TestNode> => cluster.node({ cpus: 3 });
  const nodes = await Promise.all(Array.from({ length: NODES }, start));
  const options = { mode: "distributed", broker, maxWorkers: 2, maxQueuedTasks: 4 } as const;
  await using threads = RecordedWorker.options(options).init(record);
  await using processes = RecordedWorker.options({ ...options, maxWorkers: 1, actor: { isolation: "process" } }).init(
    record,
  );
  await using careful = RecordedWorker.options({ ...options, delivery: "at-least-once" }).init(record);
  const pools = [threads, processes, careful];
  const kinds = ["thread", "process", "again"];

  const calls: Promise<PromiseSettledResult<unknown>[]>[] = [];
  const ids: string[] = [];
  const makeCalls = async (): Promise<void> => {
    while (ids.length < CALLS) {
      const batch = Array.from({ length: BATCH }, () => {
        const kind = ids.length % pools.length;
        const id = `${kinds[kind]}-${ids.length}`;
        ids.push(id);
        return random() < 0.1 ? pools[kind]!.block(id, 5) : pools[kind]!.work(id, Math.floor(random() * 10));
      });
      calls.push(Promise.allSettled(batch));
      await pause(120);
    }
  };
  const breakThings = async (): Promise<void> => {
    const mended: Promise<unknown>[] = [];
    for (let count = 0; count < FAULTS; count += 1) {
      await pause(300 + random() * 900);
      const at = Math.floor(random() * nodes.length);
      const node = nodes[at]!;
      const what = random();
      if (what < 0.4) {
        node.freeze();
        mended.push(pause(LEASE_MS * (0.3 + 1.5 * random())).then(() => node.thaw()));
      } else {
        nodes.splice(at, 1);
        const ended = node.kill(what < 0.8 ? "SIGKILL" : "SIGTERM");
        const started = start().then((other) => nodes.push(other));
        mended.push(ended, started);
        if (nodes.length === 0) await started;
      }
    }
    await Promise.all(mended);
  };
  await Promise.all([makeCalls(), breakThings()]);
  const settled = (await Promise.all(calls)).flat();

  const counts = cluster.counts();
  let failed = 0;
  for (const [index, outcome] of settled.entries()) {
    const id = ids[index]!;
    const count = counts.get(id) ?? 0;
    const facts = [seed, id, outcome.status, count];
    if (outcome.status === "fulfilled") expect(count, String(facts)).toBeGreaterThan(0);
    else {
      failed += 1;
      expect(outcome.reason, String(facts)).toBeInstanceOf(WorkerCrashedError);
    }
    if (!id.startsWith("again")) expect(count, String(facts)).toBeLessThanOrEqual(1);
  }
  expect(settled).toHaveLength(CALLS);
  expect(failed, `seed ${seed}`).toBeLessThan(CALLS / 10);
});

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Numbers from 0 to 1, the same for each seed: a linear congruential generator, with the constants of Numerical Recipes. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
