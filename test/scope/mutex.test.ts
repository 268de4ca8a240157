import { describe, expect, it } from "vitest";
import { Mutex, TimeoutError } from "manyhands";
import { FakeClock, turn } from "../limits/fake-clock.js";

describe("Mutex", () => {
  it("keeps steps apart that await something in between", async () => {
    const mutex = new Mutex();
    let balance = 0;
    const add = async (amount: number): Promise<void> => {
      const before = balance;
      await turn();
      balance = before + amount;
    };
    await Promise.all(Array.from({ length: 20 }, () => mutex.run(() => add(5))));
    expect(balance).toBe(100);
    expect(mutex).toMatchObject({ isLocked: false, waiting: 0 });
  });

  it("is locked until its permit is released, and goes to the next in order", async () => {
    const mutex = new Mutex();
    const first = await mutex.acquire();
    expect(mutex.isLocked).toBe(true);
    expect(mutex.tryAcquire()).toBeUndefined();
    const order: string[] = [];
    const rest = ["b", "c"].map((name) => mutex.run(() => void order.push(name)));
    const urgent = mutex.run(() => void order.push("a"), { priority: 1 });
    expect(mutex.waiting).toBe(3);
    first.release();
    await Promise.all([...rest, urgent]);
    expect(order).toEqual(["a", "b", "c"]);
    using again = mutex.tryAcquire();
    expect(again?.isReleased).toBe(false);
  });

  it("lets whoever waits leave by a timeout or a signal", async () => {
    const clock = new FakeClock();
    const mutex = new Mutex({ name: "ledger", clock });
    const held = await mutex.acquire();
    const reason = new Error("stop");
    const controller = new AbortController();
    const aborted = expect(mutex.acquire({ signal: controller.signal })).rejects.toBe(reason);
    const late = expect(mutex.run(() => 1, { timeout: 20 })).rejects.toThrow(
      new TimeoutError("Cannot lock mutex 'ledger' within 20 ms as nothing was free in time", 20),
    );
    controller.abort(reason);
    await aborted;
    await clock.advance(20);
    await late;
    held.release();
    expect(mutex.isLocked).toBe(false);
  });

  it("is released when the function throws", async () => {
    const mutex = new Mutex();
    await expect(mutex.run(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(mutex.isLocked).toBe(false);
  });

  it("refuses options that are not known", async () => {
    expect(() => new Mutex({ nme: "x" } as object)).toThrow(
      "Cannot set 'Mutex.nme' as there is no such option: did you",
    );
    await expect(new Mutex().acquire({ wait: 1 } as object)).rejects.toThrow("Cannot set 'acquire.wait'");
  });
});
