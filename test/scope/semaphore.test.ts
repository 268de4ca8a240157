import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { type Permit, Semaphore, TimeoutError } from "manyhands";
import { FakeClock, turn } from "../limits/fake-clock.js";

/** Notes in which order promises settle, and how. */
function noted(log: unknown[], name: string, promise: Promise<Permit>): Promise<Permit | undefined> {
  return promise.then(
    (permit) => {
      log.push(name);
      return permit;
    },
    (error: unknown) => {
      log.push(error);
      return undefined;
    },
  );
}

describe("Semaphore.acquire", () => {
  it("gives as many as there are at once, then one for each that comes back, in order", async () => {
    const semaphore = new Semaphore(2);
    const [a, b] = [await semaphore.acquire(), await semaphore.acquire()];
    expect(semaphore.available).toBe(0);
    const log: unknown[] = [];
    const rest = ["c", "d", "e"].map((name) => noted(log, name, semaphore.acquire()));
    expect(semaphore.waiting).toBe(3);
    await turn();
    expect(log).toEqual([]);
    a.release();
    b.release();
    await turn();
    expect(log).toEqual(["c", "d"]);
    (await rest[0])!.release();
    (await rest[2])!.release();
    (await rest[1])!.release();
    expect(semaphore).toMatchObject({ permits: 2, available: 2, waiting: 0 });
  });

  it("does nothing when a permit is released twice, however", async () => {
    const semaphore = new Semaphore(1);
    const permit = await semaphore.acquire();
    expect(permit).toMatchObject({ weight: 1, isReleased: false });
    permit.release();
    const second = await semaphore.acquire();
    permit.release();
    permit[Symbol.dispose]();
    await permit[Symbol.asyncDispose]();
    expect(semaphore.available).toBe(0);
    expect(permit.isReleased).toBe(true);
    second.release();
    expect(semaphore.available).toBe(1);
  });

  it("releases at the end of a block, also of one that throws", async () => {
    const semaphore = new Semaphore(3);
    const hold = async (fails: boolean): Promise<number> => {
      using _one = await semaphore.acquire();
      await using _two = await semaphore.acquire(2);
      if (fails) throw new Error("Cannot go on");
      return semaphore.available;
    };
    expect(await hold(false)).toBe(0);
    await expect(hold(true)).rejects.toThrow("Cannot go on");
    expect(semaphore.available).toBe(3);
  });

  it("takes several at once or none, and lets no small one pass a big one that waits", async () => {
    const semaphore = new Semaphore(4);
    const held = await semaphore.acquire(2);
    const log: unknown[] = [];
    const big = noted(log, "big", semaphore.acquire(4));
    const small = noted(log, "small", semaphore.acquire(1));
    await turn();
    expect(log).toEqual([]);
    expect(semaphore).toMatchObject({ available: 2, waiting: 2 });
    expect(semaphore.tryAcquire()).toBeUndefined();
    held.release();
    await turn();
    expect(log).toEqual(["big"]);
    (await big)!.release();
    (await small)!.release();
    expect(log).toEqual(["big", "small"]);
  });

  it("lets those go on that a big one kept waiting, when it leaves", async () => {
    const semaphore = new Semaphore(4);
    const held = await semaphore.acquire(2);
    const controller = new AbortController();
    const big = semaphore.acquire(4, { signal: controller.signal });
    const small = semaphore.acquire(2);
    const reason = new Error("no longer needed");
    controller.abort(reason);
    await expect(big).rejects.toBe(reason);
    (await small).release();
    held.release();
    expect(semaphore.available).toBe(4);
  });

  it("serves a higher priority first, and in the end also the lowest", async () => {
    const clock = new FakeClock();
    const semaphore = new Semaphore(1, { clock });
    const held = await semaphore.acquire();
    const log: unknown[] = [];
    const queue = (name: string, priority: number): Promise<unknown> =>
      noted(log, name, semaphore.acquire(1, { priority })).then((permit) => permit?.release());
    const all = [queue("low", 0), queue("high", 5), queue("middle", 2), queue("high too", 5)];
    await clock.advance(4000);
    all.push(queue("urgent", 3), queue("later, and urgent", 5));
    held.release();
    await Promise.all(all);
    expect(log).toEqual(["high", "high too", "middle", "later, and urgent", "low", "urgent"]);
  });

  it("gives what is free to an urgent one, although a big one waits", async () => {
    const semaphore = new Semaphore(2);
    const held = await semaphore.acquire();
    const big = semaphore.acquire(2);
    const urgent = await semaphore.acquire(1, { priority: 1 });
    held.release();
    urgent.release();
    (await big).release();
  });

  it("gives up after its timeout, and not before", async () => {
    const clock = new FakeClock();
    const semaphore = new Semaphore(3, { name: "shards", clock });
    const held = await semaphore.acquire(2);
    const waiting = semaphore.acquire(2, { timeout: 50 });
    const log: unknown[] = [];
    void noted(log, "too late", waiting);
    await clock.advance(49);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual([
      new TimeoutError("Cannot acquire 2 permits of 'shards' within 50 ms as nothing was free in time", 50),
    ]);
    expect(semaphore).toMatchObject({ available: 1, waiting: 0 });
    const inTime = semaphore.acquire(2, { timeout: 50 });
    held.release();
    (await inTime).release();
    expect(clock.pending).toBe(0);
    expect(semaphore.available).toBe(3);
  });

  it("takes one permit when it is given options alone", async () => {
    const semaphore = new Semaphore(2);
    using _permit = await semaphore.acquire({ timeout: 50 });
    expect(semaphore.available).toBe(1);
    const reason = new Error("stop");
    await expect(semaphore.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(semaphore.acquire({ weight: 2 } as never)).rejects.toThrow(
      "'acquire.weight' as there is no such option",
    );
    await expect(semaphore.acquire(null as never)).rejects.toThrow("Cannot acquire permits as the weight must be");
  });

  it("rejects with the reason of a signal, also of one that has fired, and then takes nothing", async () => {
    const semaphore = new Semaphore(1);
    const reason = new Error("stop");
    await expect(semaphore.acquire(1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(semaphore.run(() => 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(semaphore.available).toBe(1);
    const held = await semaphore.acquire();
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = [semaphore.acquire(1, { signal }), semaphore.acquire(1, { signal, timeout: 60_000 })];
    controller.abort(reason);
    expect(semaphore.waiting).toBe(0);
    for (const one of waiting) await expect(one).rejects.toBe(reason);
    held.release();
    expect(semaphore.available).toBe(1);
  });

  it("keeps a permit that was granted before the signal fires", async () => {
    const semaphore = new Semaphore(1);
    const controller = new AbortController();
    const held = await semaphore.acquire();
    const waiting = semaphore.acquire(1, { signal: controller.signal });
    held.release();
    controller.abort();
    const permit = await waiting;
    expect(semaphore.available).toBe(0);
    permit.release();
  });

  it("refuses at once what can never be, and says what is wrong", async () => {
    const semaphore = new Semaphore(3, { name: "shards" });
    await expect(semaphore.acquire(4)).rejects.toThrow(
      new RangeError("Cannot acquire 4 permits of 'shards' as that is more than the 3 there are"),
    );
    expect(() => semaphore.tryAcquire(4)).toThrow(RangeError);
    for (const bad of [0, -1, 1.5, Number.NaN, "2" as unknown as number]) {
      await expect(semaphore.acquire(bad)).rejects.toThrow(/^Cannot acquire permits as the weight must be a positive/);
      await expect(semaphore.run(() => 1, { weight: bad })).rejects.toThrow(RangeError);
    }
    await expect(semaphore.acquire(1, { timeout: -1 })).rejects.toThrow("Cannot set 'acquire.timeout'");
    await expect(semaphore.acquire(1, { priority: Number.NaN })).rejects.toThrow("Cannot set 'acquire.priority'");
    await expect(semaphore.acquire(1, { signal: 5 as unknown as AbortSignal })).rejects.toThrow(
      "Cannot set 'acquire.signal' as it must be an AbortSignal: current value is 5",
    );
    await expect(semaphore.run(() => 1, { timout: 1 } as object)).rejects.toThrow(
      "Cannot set 'run.timout' as there is no such option: did you mean 'timeout'?",
    );
    await expect(semaphore.run("fn" as unknown as () => void)).rejects.toThrow("Cannot run as a function is needed");
    expect(semaphore.available).toBe(3);
    for (const bad of [0, -1, 2.5, Number.NaN]) {
      expect(() => new Semaphore(bad)).toThrow(/^Cannot set 'permits' as it must be a positive integer or Infinity/);
    }
    expect(() => new Semaphore(1, { nam: "x" } as object)).toThrow("did you mean 'name'?");
  });

  it("never waits when there are any number", async () => {
    const semaphore = new Semaphore(Number.POSITIVE_INFINITY);
    const permits = await Promise.all(Array.from({ length: 100 }, (_, index) => semaphore.acquire(index + 1)));
    for (const permit of permits) permit.release();
    expect(semaphore.available).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("Semaphore.run", () => {
  it("starts at once where it can, and releases when what the function returned has settled", async () => {
    const semaphore = new Semaphore(1);
    const { promise, resolve } = deferred<string>();
    const running = semaphore.run(() => promise);
    expect(semaphore.available).toBe(0);
    const second = semaphore.run(() => semaphore.available);
    resolve("first");
    expect(await running).toBe("first");
    expect(await second).toBe(0);
    expect(semaphore.available).toBe(1);
  });

  it("rejects with what the function throws, and releases", async () => {
    const semaphore = new Semaphore(2);
    const error = new Error("Cannot go on");
    const failing = (): never => {
      throw error;
    };
    await expect(semaphore.run(failing)).rejects.toBe(error);
    await expect(semaphore.run(() => Promise.reject(error), { weight: 2 })).rejects.toBe(error);
    expect(semaphore.available).toBe(2);
  });

  it("never lets more run than there are permits", async () => {
    const semaphore = new Semaphore(5);
    let running = 0;
    let most = 0;
    const work = async (weight: number): Promise<number> => {
      running += weight;
      most = Math.max(most, running);
      await turn();
      running -= weight;
      return weight;
    };
    const weights = Array.from({ length: 100 }, (_, index) => (index % 5) + 1);
    const done = await Promise.all(weights.map((weight) => semaphore.run(() => work(weight), { weight })));
    expect(done).toEqual(weights);
    expect(most).toBe(5);
  });

  it("serves twenty thousand that wait, in order, and those in their midst that leave", async () => {
    const semaphore = new Semaphore(1);
    const held = await semaphore.acquire();
    const controller = new AbortController();
    const order: number[] = [];
    const all = Array.from({ length: 20_000 }, (_, index) =>
      index % 2 === 0
        ? semaphore.run(() => void order.push(index))
        : semaphore.acquire(1, { signal: controller.signal }).then(
            () => order.push(-1),
            () => {},
          ),
    );
    controller.abort();
    expect(semaphore.waiting).toBe(10_000);
    held.release();
    await Promise.all(all);
    expect(order.length).toBe(10_000);
    expect(order.every((value, index) => value === 2 * index)).toBe(true);
  });
});

describe("Semaphore.resize", () => {
  it("serves more at once, or fewer from now on", async () => {
    const semaphore = new Semaphore(1);
    const permits = [await semaphore.acquire()];
    const waiting = [semaphore.acquire(), semaphore.acquire()];
    semaphore.resize(3);
    permits.push(...(await Promise.all(waiting)));
    expect(semaphore.available).toBe(0);
    semaphore.resize(2);
    expect(semaphore.available).toBe(0);
    permits[0]!.release();
    expect(semaphore.tryAcquire()).toBeUndefined();
    permits[1]!.release();
    expect(semaphore.tryAcquire()).toBeDefined();
    expect(() => semaphore.resize(0)).toThrow(RangeError);
  });

  it("tells those that wait for more than there will be, and keeps the order of the others", async () => {
    const semaphore = new Semaphore(4);
    const held = await semaphore.acquire(4);
    const log: unknown[] = [];
    const all = [1, 3, 2, 4].map((weight) =>
      noted(log, String(weight), semaphore.acquire(weight, { timeout: 60_000 })),
    );
    semaphore.resize(2);
    await turn();
    expect(log).toEqual(
      [3, 4].map((weight) => new RangeError(`Cannot acquire ${weight} permits as that is more than the 2 there are`)),
    );
    held.release();
    (await all[0])!.release();
    (await all[2])!.release();
    expect(log.slice(2)).toEqual(["1", "2"]);
  });
});

// The last one: on Node 20, promises are slow once a context was used.
describe("Semaphore", () => {
  it("keeps the asynchronous context of each that waits", async () => {
    const storage = new AsyncLocalStorage<number>();
    const semaphore = new Semaphore(1);
    const seen = await Promise.all(
      [1, 2, 3].map((id) =>
        storage.run(id, () =>
          semaphore.run(async () => {
            await turn();
            return storage.getStore();
          }),
        ),
      ),
    );
    expect(seen).toEqual([1, 2, 3]);
  });
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
