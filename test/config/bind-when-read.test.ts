import { describe, expect, it } from "vitest";
import { CancelledError, type Future, Mutex, Queue, Semaphore, taskGroup } from "manyhands";
import { bindWhenRead } from "../../dist/config/bind-when-read.js";

class Tally {
  #sum = 0;

  add(amount: number): number {
    this.#sum += amount;
    return this.#sum;
  }

  static {
    bindWhenRead(this, "add");
  }
}

class Doubling extends Tally {
  override add(amount: number): number {
    return super.add(2 * amount);
  }
}

describe("methods that are bound when they are read", () => {
  it("keep their object", () => {
    const [first, second] = [new Tally(), new Tally()];
    const { add } = first;
    expect(add(1)).toBe(1);
    expect(second.add(10)).toBe(10);
    expect(add(1)).toBe(2);
    expect(Object.keys(first)).toEqual([]);
  });

  it("can be overridden, and replaced", () => {
    const doubling = new Doubling();
    expect(doubling.add(1)).toBe(2);
    const tally = new Tally();
    tally.add = () => 7;
    expect(tally.add(1)).toBe(7);
    expect(new Tally().add(1)).toBe(1);
  });

  it("are those of semaphores and their permits", async () => {
    const { run, acquire, tryAcquire, resize } = new Semaphore(1);
    expect(await run(() => 3)).toBe(3);
    const { release } = await acquire();
    expect(tryAcquire()).toBeUndefined();
    resize(2);
    expect(tryAcquire()).toBeDefined();
    release();
    expect(tryAcquire()).toBeDefined();
  });

  it("are those of mutexes", async () => {
    const { run, acquire, tryAcquire } = new Mutex();
    expect(await run(() => 3)).toBe(3);
    const { release } = await acquire();
    expect(tryAcquire()).toBeUndefined();
    release();
    expect(tryAcquire()).toBeDefined();
  });

  it("are those of queues", async () => {
    const { put, tryPut, take, tryTake, lease, consume, close, join, abort } = new Queue<number>();
    await put(1);
    tryPut(2);
    await put(3);
    await put(4);
    expect([await take(), tryTake()]).toEqual([1, 2]);
    const { value, release } = await lease();
    expect(value).toBe(3);
    release();
    close();
    expect(await consume(() => undefined)).toBe(1);
    await join();
    abort();
  });

  it("are those of task groups, and of futures", async () => {
    const results = await taskGroup(async ({ spawn, run, drain }) => {
      const { cancel, exception } = spawn(
        (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      );
      cancel();
      const { result, onSettled } = run(() => spawn(() => 2));
      const settled: Future<number>[] = [];
      onSettled((future) => settled.push(future));
      await drain();
      return [await exception(), await result(), settled[0]?.status];
    });
    expect(results).toEqual([expect.any(CancelledError), 2, "done"]);
  });
});
