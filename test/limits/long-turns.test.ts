import { CallLimit, LimitSet } from "manyhands";
import { describe, expect, it } from "vitest";

/** A clock that stands still until it is moved; nothing wakes by it. */
class StoppedClock {
  time = 1e9;
  now = (): number => this.time;
  after = (): (() => void) => () => {};
}

describe("turns of the event loop that take long", () => {
  it("lets nothing expire that was taken in the same turn, however long that lasts, as it has not begun", async () => {
    const clock = new StoppedClock();
    const limits = new LimitSet([new CallLimit({ capacity: 2, window: 1000 })], { clock });
    const first = [limits.tryAcquire(), limits.tryAcquire()];
    clock.time += 5000;
    const third = limits.tryAcquire();
    expect((await Promise.all(first)).map((grant) => grant !== undefined)).toEqual([true, true]);
    expect(await third).toBeUndefined();
  });

  it("counts from the end of the turn on", async () => {
    const clock = new StoppedClock();
    const limits = new LimitSet([new CallLimit({ capacity: 1, window: 1000, guard: 0 })], { clock });
    const grant = limits.tryAcquire();
    clock.time += 600;
    expect(await grant).toBeDefined();
    await new Promise((resolve) => setImmediate(resolve));
    clock.time += 999;
    expect(await limits.tryAcquire()).toBeUndefined();
    clock.time += 1;
    expect(await limits.tryAcquire()).toBeDefined();
  });

  it("counts from the end of the turn on where a timer began it, too", async () => {
    const clock = new StoppedClock();
    const limits = new LimitSet([new CallLimit({ capacity: 1, window: 1000, guard: 0 })], { clock });
    await new Promise((resolve) => setImmediate(resolve));
    const begun = new Promise<void>((resolve) => {
      setImmediate(() => {
        void limits.acquire().then(() => {
          // The process was held up before what was granted could begin.
          clock.time += 600;
          resolve();
        });
      });
    });
    await begun;
    await new Promise((resolve) => setImmediate(resolve));
    clock.time += 999;
    expect(await limits.tryAcquire()).toBeUndefined();
    clock.time += 1;
    expect(await limits.tryAcquire()).toBeDefined();
  });
});
