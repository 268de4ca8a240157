import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { LimitSet, RateLimit, type RateAlgorithmName, ResourceLimit } from "manyhands";
import { LimitMemory, ROWS } from "../../dist/limits/limit-memory.js";
import type { IssuedTicket } from "../../dist/limits/remote/ticket.js";

const THREADS = 4;
const WINDOW = 100;

const workers: Worker[] = [];

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

interface Task {
  readonly amounts: readonly number[];
  readonly gauge: Int32Array;
  readonly durationMs: number;
  readonly isDying?: boolean;
}

function start(issued: IssuedTicket, task: Task): Worker {
  const [set] = issued.ticket.sets;
  const worker = new Worker(new URL("hammering-thread.js", import.meta.url), {
    workerData: { ...task, tickets: set!.shared, facts: set!.facts },
  });
  workers.push(worker);
  return worker;
}

function gaugeOf(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** All of them at it at once; returns when each took something of the rate. */
async function hammer(set: LimitSet, gauge: Int32Array, amounts: (index: number) => number[]): Promise<number[]> {
  const issued = Array.from({ length: THREADS }, () => set.issue(true));
  const all = issued.map(async (ticket, index) => {
    const worker = start(ticket, { amounts: amounts(index), gauge, durationMs: 400 });
    const [times] = (await once(worker, "message")) as [number[]];
    return times;
  });
  const times = (await Promise.all(all)).flat().toSorted((a, b) => a - b);
  for (const { withdraw } of issued) withdraw(undefined);
  return times;
}

/** The most in any window, counted in takes. */
function most(times: readonly number[], window: number): number {
  let [from, highest] = [0, 0];
  for (const [index, time] of times.entries()) {
    while (times[from]! <= time - window) from += 1;
    highest = Math.max(highest, index - from + 1);
  }
  return highest;
}

function limits(algorithm: RateAlgorithmName, rate: number, slots: number): LimitSet {
  return new LimitSet([
    new RateLimit({ key: "starts", capacity: rate, window: WINDOW, algorithm, guard: 1 }),
    new ResourceLimit({ key: "slots", capacity: slots }),
  ]);
}

describe("limits in memory that threads share", () => {
  it.each<[RateAlgorithmName, number]>([
    ["sliding-window", 1],
    ["fixed-window", 2],
    ["token-bucket", 1],
    ["gcra", 1],
  ])("keep a %s in any window", async (algorithm, factor) => {
    const rate = 40;
    const set = limits(algorithm, rate, 1e6);
    const times = await hammer(set, gaugeOf(), () => [1, 1]);
    // The guard is for the clocks of the threads, which agree to a few microseconds.
    expect(most(times, WINDOW)).toBeLessThanOrEqual(rate * factor);
    // The threads never end their turn, so that of a bucket each takes once: what it took cannot have begun.
    expect(times.length).toBeGreaterThanOrEqual(THREADS);
    expect(set.stats().limits[1]!.inUse).toBe(0);
  });

  it("keep a resource at every moment, and lose none", async () => {
    const set = limits("sliding-window", 10, 5);
    const gauge = gaugeOf();
    await hammer(set, gauge, (index) => [0, 1 + (index % 3)]);
    expect(gauge[1]).toBeGreaterThan(0);
    expect(gauge[1]).toBeLessThanOrEqual(5);
    expect(gauge[0]).toBe(0);
    expect(set.stats().limits[1]!.inUse).toBe(0);
  });

  it("are given back, lock and all, when a thread is stopped that holds them", async () => {
    const set = limits("sliding-window", 10, 5);
    const issued = set.issue(true);
    const worker = start(issued, { amounts: [1, 3], gauge: gaugeOf(), durationMs: 0, isDying: true });
    await once(worker, "message");
    const waiting = set.issue(true);
    const { threadId } = worker;
    await worker.terminate();
    issued.withdraw(threadId + 1);
    expect(set.stats().limits[1]!.inUse).toBe(0);
    const grant = await set.tryAcquire({ starts: 1, slots: 5 });
    expect(grant).toBeDefined();
    grant!.release();
    waiting.withdraw(undefined);
  });
});

describe("LimitMemory", () => {
  const LOCK = 0;

  it("is busy while somebody waits, and for ever once another thread has it", () => {
    const memory = new LimitMemory(1);
    const seen = [memory.isBusy];
    for (const difference of [1, 1, -1, -1] as const) {
      memory.countWaiting(difference);
      seen.push(memory.isBusy);
    }
    expect(seen).toEqual([false, true, true, true, false]);
    memory.countWaiting(1);
    const other = new LimitMemory(memory.share());
    expect([other.isBusy, other.hasWaiting]).toEqual([true, true]);
    memory.countWaiting(-1);
    expect([memory.isBusy, memory.hasWaiting, other.hasWaiting]).toEqual([true, false, false]);
  });

  it("takes the lock over from one that died with it, though nobody told", () => {
    const memory = new LimitMemory(1);
    const words = new Int32Array(memory.share(), 0, 1);
    words[LOCK] = 4711;
    const before = performance.now();
    memory.lock();
    expect(performance.now() - before).toBeGreaterThan(500);
    expect(words[LOCK]).not.toBe(4711);
    memory.unlock();
    expect(words[LOCK]).toBe(0);
  });

  it("breaks the lock of the thread that is gone, and of no other", () => {
    const memory = new LimitMemory(1);
    const words = new Int32Array(memory.share(), 0, 1);
    words[LOCK] = 7;
    memory.breakLock(8);
    expect(words[LOCK]).toBe(7);
    memory.breakLock(7);
    expect(words[LOCK]).toBe(0);
  });

  it("does not free a lock that has been taken over from it", () => {
    const memory = new LimitMemory(1);
    const words = new Int32Array(memory.share(), 0, 1);
    memory.lock();
    words[LOCK] = 4711;
    memory.unlock();
    expect(words[LOCK]).toBe(4711);
  });

  it("needs no lock before another thread has it", () => {
    const memory = new LimitMemory(1);
    memory.lock();
    expect(new Int32Array(memory.buffer, 0, 1)[LOCK]).toBe(0);
    memory.unlock();
  });

  it("is ordered the same by all who have it", () => {
    const [first, second] = [new LimitMemory(1), new LimitMemory(1)];
    expect(first.order).toBeLessThan(second.order);
    expect(new LimitMemory(first.share()).order).toBe(first.order);
  });

  it("has a row for each of so many holders, and for others when they are gone", () => {
    const memory = new LimitMemory(1);
    const rows = Array.from({ length: ROWS - 1 }, () => memory.claimRow());
    expect(new Set(rows).size).toBe(ROWS - 1);
    expect(rows).not.toContain(0);
    expect(memory.claimRow()).toBeUndefined();
    memory.freeRow(5);
    expect(memory.claimRow()).toBe(5);
  });
});
