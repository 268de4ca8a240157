/** Pools inside workers that are given the limits of the pool around them. */
import { CallLimit, LimitSet, type Mode, ResourceLimit, WorkerCrashedError } from "manyhands";
import { describe, expect, it } from "vitest";
import { LimitedCoordinatorWorker } from "#fixtures/limited-coordinator.js";
import { mostAtOnce, mostBegun } from "./intervals.js";
import { until } from "./until.js";

const PAIRS: readonly (readonly [Mode, Mode])[] = [
  ["async", "thread"],
  ["thread", "async"],
  ["thread", "thread"],
  ["thread", "process"],
  ["process", "thread"],
  ["process", "process"],
];

const connections = (capacity: number): LimitSet => new LimitSet([new ResourceLimit({ key: "connections", capacity })]);
const inUse = (limits: LimitSet): number => limits.stats().limits[0]!.inUse;

describe.each(PAIRS)("a worker in mode %s with a pool in mode %s", (outer, inner) => {
  const open = (limits: LimitSet, maxWorkers = 2) =>
    LimitedCoordinatorWorker.options({ mode: outer, maxWorkers, limits }).init(inner, 2);

  it("holds no more of a resource than there is, over all", async () => {
    const limits = connections(3);
    await using pool = open(limits);
    const ran = (
      await Promise.all([
        pool.workers[0]!.useAll(20, 2),
        pool.workers[1]!.useAll(20, 2),
        pool.workers[0]!.beganAll(20, 2),
        pool.workers[1]!.beganAll(20, 2),
      ])
    ).flat();
    expect(ran).toHaveLength(80);
    expect(mostAtOnce(ran)).toBeLessThanOrEqual(3);
    await until(() => inUse(limits) === 0);
  });

  it("keeps to a rate, over all", async () => {
    const window = 200;
    const capacity = 15;
    // With a guard against what a busy machine needs from a grant to the line behind it, in a process inside a process.
    await using pool = open(new LimitSet([new CallLimit({ capacity, window, guard: 50 })]));
    // The workers inside are running before it counts.
    await Promise.all(pool.workers.map(async (worker) => worker.useAll(4, 0)));
    const ran = (await Promise.all(pool.workers.map(async (worker) => worker.useAll(25, 0)))).flat();
    expect(mostBegun(ran, window)).toBeLessThanOrEqual(capacity);
  });

  it.runIf(inner !== "async")("gives back what a worker inside held when it died", async () => {
    const limits = connections(3);
    await using pool = open(limits, 1);
    expect(await pool.holdAndDieInside(3)).toBe("WorkerCrashedError");
    expect(await pool.waitInside(2)).toBe(true);
  });

  it.runIf(outer !== "async")("gives back what was held inside of a worker that died", async () => {
    const limits = connections(3);
    await using pool = open(limits, 1);
    expect(await pool.holdInside(3)).toBe(true);
    expect(inUse(limits)).toBe(3);
    await expect(pool.die()).rejects.toBeInstanceOf(WorkerCrashedError);
    await until(() => inUse(limits) === 0);
    expect(await pool.waitInside(2)).toBe(true);
  });
});
