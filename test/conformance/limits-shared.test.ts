/** One set of limits, shared by pools of several modes: measured by timestamps that the workers take themselves. */
import { CallLimit, LimitSet, ResourceLimit } from "manyhands";
import { describe, expect, it } from "vitest";
import { LimitedWorker } from "#fixtures/limited.js";
import { mostAtOnce, mostBegun, span } from "./intervals.js";

const WINDOW = 400;
const CAPACITY = 60;
const THINGS = 5;
/** Three windows. */
const CALLS = 180;

type Take = (way: { began: () => Promise<Ran>; use: () => Promise<Ran> }) => Promise<Ran>;
type Ran = { readonly from: number; readonly to: number; readonly index: number };

/** A thread pool of 8, a process pool of 4 and an async pool, at it together. */
async function hammer(limits: LimitSet, calls: number, take: Take): Promise<Ran[]> {
  const options = { limits, methods: { began: { cost: () => ({}) } } };
  await using threads = LimitedWorker.options({ ...options, mode: "thread", maxWorkers: 8 }).init();
  await using processes = LimitedWorker.options({ ...options, mode: "process", maxWorkers: 4 }).init();
  await using local = LimitedWorker.options({ ...options, mode: "async" }).init();
  const pools = [threads, processes, local];
  await Promise.all(pools.map(async (pool) => pool.ready()));
  const ways = pools.map((pool) => ({
    began: async () => pool.began(1, 1),
    use: async () => pool.use({}, 1),
  }));
  const ran = await Promise.all(Array.from({ length: calls }, (_, index) => take(ways[index % ways.length]!)));
  // Each pool did its part, each thread too.
  expect(threads.stats().calls.done).toBe(calls / 3);
  expect(Math.min(...threads.stats().loadBalancer.total)).toBeGreaterThan(0);
  return ran;
}

describe.each([
  ["declared", (way) => way.began()],
  ["asked for in the method", (way) => way.use()],
] satisfies [string, Take][])("limits shared by threads, processes and this thread, %s", (_name, take) => {
  it("see no more starts in any window than the rate allows, and not far fewer", async () => {
    const limits = new LimitSet([new CallLimit({ capacity: CAPACITY, window: WINDOW })]);
    const ran = await hammer(limits, CALLS, take);
    expect(ran).toHaveLength(CALLS);
    expect(mostBegun(ran, WINDOW)).toBeLessThanOrEqual(CAPACITY);
    // At the full rate the last begin when two windows have passed; twelve workers on a busy machine need longer.
    const windows = Math.ceil(CALLS / CAPACITY) - 1;
    expect((windows * WINDOW) / span(ran)).toBeGreaterThan(0.1);
    expect(limits.stats()).toMatchObject({ waiting: 0 });
  });

  it("hold no more of a resource at once than there is, and in the end nothing", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity: THINGS })]);
    const ran = await hammer(limits, 150, take);
    expect(mostAtOnce(ran)).toBeLessThanOrEqual(THINGS);
    expect(mostAtOnce(ran)).toBeGreaterThan(1);
    expect(limits.stats().limits[0]).toMatchObject({ inUse: 0 });
  });

  it("keep to several limits at the same time", async () => {
    const limits = new LimitSet([
      new ResourceLimit({ key: "connections", capacity: THINGS }),
      new CallLimit({ capacity: CAPACITY, window: WINDOW, algorithm: "gcra" }),
    ]);
    const ran = await hammer(limits, 90, take);
    expect(mostAtOnce(ran)).toBeLessThanOrEqual(THINGS);
    expect(mostBegun(ran, WINDOW)).toBeLessThanOrEqual(CAPACITY);
  });
});
