/** What runs around a wait: asynchronous contexts, calls of pools, task groups. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect, it } from "vitest";
import { ResourcePool, Semaphore, taskGroup } from "manyhands";
import { FakeClock, turn } from "../limits/fake-clock.js";

it("lets whoever waits in a task group leave with the group", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  await using pool = new ResourcePool({ create: () => ({}), destroy: () => {}, max: 1 });
  const lease = await pool.acquire();
  const reason = new Error("one failed");
  const group = taskGroup(async (children) => {
    void children.spawn(() => semaphore.acquire());
    void children.spawn(() => pool.acquire());
    await turn();
    expect([semaphore.waiting, pool.stats().waiting]).toEqual([1, 1]);
    throw reason;
  });
  await expect(group).rejects.toThrow();
  expect([semaphore.waiting, pool.stats().waiting]).toEqual([0, 0]);
  held.release();
  lease.release();
  expect(semaphore.available).toBe(1);
});

it("keeps the context of each that waits, and makes resources in that of the pool", async () => {
  const storage = new AsyncLocalStorage<string>();
  const contexts: (string | undefined)[] = [];
  const note = (): void => void contexts.push(storage.getStore());
  const clock = new FakeClock();
  const pool = storage.run(
    "pool",
    () => new ResourcePool({ create: note, validate: () => (note(), false), destroy: note, max: 1, clock }),
  );
  const seen = await Promise.all(
    ["a", "b", "c"].map((name) =>
      storage.run(name, () =>
        pool.use(async () => {
          await turn();
          return storage.getStore();
        }),
      ),
    ),
  );
  await pool.stop();
  expect(seen).toEqual(["a", "b", "c"]);
  expect(contexts.length).toBeGreaterThan(3);
  expect(new Set(contexts)).toEqual(new Set(["pool"]));
});

it("is no reason to stay for a program that has nothing else to do", async () => {
  const clock = new FakeClock();
  const pool = new ResourcePool({ create: () => ({}), destroy: () => {}, min: 1, clock });
  const [a, b] = [await pool.acquire(), await pool.acquire()];
  a.release();
  b.release();
  expect(pool.stats().idle).toBe(2);
  expect(clock.pending).toBe(0);
  await clock.advance(10_000);
  expect(pool.stats().idle).toBe(1);
  await pool.stop();
});
