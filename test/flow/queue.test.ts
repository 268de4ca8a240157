import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CancelledError, Queue, QueueAbandonedError, QueueClosedError, TimeoutError } from "manyhands";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";

const error = new Error("no luck");

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

afterEach(() => {
  vi.useRealTimers();
});

/** A turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What became of a promise so far. */
async function stateOf(promise: PromiseLike<unknown>): Promise<unknown> {
  await turn();
  return Promise.race([
    promise.then(
      () => "done",
      (reason: unknown) => reason,
    ),
    Promise.resolve("pending"),
  ]);
}

async function collect<T>(queue: Queue<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

function filled(...items: number[]): Queue<number> {
  const queue = new Queue<number>();
  for (const item of items) queue.tryPut(item);
  return queue;
}

describe("put and take", () => {
  it("hand items over in order, whoever comes first (K1)", async () => {
    const queue = new Queue<number>();
    const takes = [queue.take(), queue.take()];
    await queue.put(1);
    await queue.put(2);
    await queue.put(3);
    expect(await Promise.all(takes)).toEqual([1, 2]);
    expect(queue.size).toBe(1);
    expect(await queue.take()).toBe(3);
  });

  it("wait for room, in order, and let one in for each that leaves (K2)", async () => {
    const queue = new Queue<number>({ capacity: 2 });
    await queue.put(1);
    await queue.put(2);
    expect(queue.tryPut(9)).toBe(false);
    const puts = [queue.put(3), queue.put(4)];
    expect(await stateOf(puts[0]!)).toBe("pending");
    expect(queue.tryTake()).toBe(1);
    await puts[0];
    expect(await stateOf(puts[1]!)).toBe("pending");
    expect([queue.size, queue.capacity]).toEqual([2, 2]);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual([2, 3, 4]);
    await puts[1];
    expect(queue.tryTake()).toBeUndefined();
  });

  it("leave at once when the time is over or the signal fires, and nothing is lost by that", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const queue = new Queue<number>({ capacity: 1 });
    const controller = new AbortController();
    const { signal } = controller;
    const late = queue.take({ timeout: 20 }).catch((reason: unknown) => reason);
    const aborted = queue.take({ signal, timeout: 1000 }).catch((reason: unknown) => reason);
    await vi.advanceTimersByTimeAsync(20);
    expect(await late).toMatchObject({
      timeout: 20,
      message: "Cannot take from the queue as nothing was put within 20 ms",
    });
    controller.abort(error);
    expect(await aborted).toBe(error);
    await queue.put(1);
    expect(queue.size).toBe(1);
    const full = queue.put(2, { timeout: 20 }).catch((reason: unknown) => reason);
    await expect(queue.put(2, { signal })).rejects.toBe(error);
    await vi.advanceTimersByTimeAsync(20);
    expect(await full).toBeInstanceOf(TimeoutError);
    expect(await queue.take()).toBe(1);
    expect(queue.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leave no timer behind when they are served", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const queue = new Queue<number>({ capacity: 1 });
    const { signal } = new AbortController();
    const take = queue.take({ timeout: 20, signal });
    await queue.put(1, { timeout: 20, signal });
    expect(await take).toBe(1);
    await queue.join({ timeout: 20, signal });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("take any value, and await what is a promise", async () => {
    const queue = new Queue<unknown>();
    for (const item of [undefined, null, 0, Promise.resolve("awaited")]) await queue.put(item);
    expect([await queue.take(), await queue.take(), await queue.take(), await queue.take()]).toEqual([
      undefined,
      null,
      0,
      "awaited",
    ]);
    expectTypeOf(new Queue<Promise<string>>().take()).resolves.toEqualTypeOf<string>();
    expectTypeOf(new Queue<string>().tryTake()).toEqualTypeOf<string | undefined>();
  });
});

describe("close", () => {
  it("refuses more, and lets out what is there, those that wait for room included (K3)", async () => {
    const queue = new Queue<number>({ capacity: 1 });
    await queue.put(1);
    const put = queue.put(2);
    queue.close();
    queue.close();
    expect(queue.isClosed).toBe(true);
    await expect(queue.put(3)).rejects.toBeInstanceOf(QueueClosedError);
    expect(() => queue.tryPut(3)).toThrow("Cannot put into the queue as it is closed");
    expect(await collect(queue)).toEqual([1, 2]);
    await put;
    await expect(queue.take()).rejects.toThrow("Cannot take from the queue as it is closed and empty");
    expect(queue.tryTake()).toBeUndefined();
    expect(await collect(queue)).toEqual([]);
    await queue.join();
  });

  it("ends those who wait to take", async () => {
    const queue = new Queue<number>();
    const take = queue.take().catch((reason: unknown) => reason);
    const loops = [collect(queue), collect(queue)];
    await turn();
    queue.close();
    expect(await take).toBeInstanceOf(QueueClosedError);
    expect(await Promise.all(loops)).toEqual([[], []]);
  });
});

describe("abort", () => {
  it("ends everything with the error, now and later", async () => {
    const queue = new Queue<number>({ capacity: 1 });
    await queue.put(1);
    const waiting = [queue.put(2), queue.join()];
    const empty = new Queue<number>();
    const takers = [empty.take(), collect(empty), empty.consume(() => undefined)];
    await turn();
    queue.abort(error);
    queue.abort(new Error("again"));
    empty.abort(error);
    queue.close();
    for (const wait of [...waiting, ...takers]) await expect(wait).rejects.toBe(error);
    for (const later of [queue.put(3), queue.take(), queue.join(), collect(queue), queue.consume(() => undefined)]) {
      await expect(later).rejects.toBe(error);
    }
    expect(() => queue.tryPut(3)).toThrow(error);
    expect([queue.size, queue.unfinished, queue.isClosed]).toEqual([0, 0, true]);
  });

  it("is a CancelledError when no error is given", async () => {
    const queue = new Queue<number>();
    queue.abort();
    await expect(queue.take()).rejects.toBeInstanceOf(CancelledError);
  });

  it("tells runs of consumers by their signal", async () => {
    const queue = filled(1);
    const consumer = queue.consume(
      (_, { signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    );
    await turn();
    queue.abort(error);
    await expect(consumer).rejects.toBe(error);
  });
});

describe("join", () => {
  it("waits until the loop asks for the next item, or is left", async () => {
    const queue = filled(1, 2);
    const iterator = queue[Symbol.asyncIterator]();
    const join = queue.join();
    expect(await iterator.next()).toEqual({ value: 1, done: false });
    expect(await iterator.next()).toEqual({ value: 2, done: false });
    expect([queue.size, queue.unfinished]).toEqual([0, 1]);
    expect(await stateOf(join)).toBe("pending");
    void iterator.next();
    await join;
    await queue.join();
    queue.tryPut(3);
    await turn();
    const again = queue.join();
    expect(await stateOf(again)).toBe("pending");
    await iterator.return!();
    await again;
  });

  it("waits for leases, and not for what was taken for good", async () => {
    const queue = filled(1, 2);
    await queue.take();
    const join = queue.join();
    {
      using lease = await queue.lease();
      expect(lease.value).toBe(2);
      expect(await stateOf(join)).toBe("pending");
    }
    await join;
    const lease = queue.lease();
    queue.tryPut(3);
    const { release } = await lease.then((taken) => ({ release: () => taken.release() }));
    expect(queue.unfinished).toBe(1);
    release();
    release();
    expect(queue.unfinished).toBe(0);
  });

  it("can be given up", async () => {
    const queue = filled(1);
    await expect(queue.join({ timeout: 1 })).rejects.toThrow(
      "Cannot join the queue as not all items were processed within 1 ms",
    );
    await expect(queue.join({ signal: AbortSignal.abort(error) })).rejects.toBe(error);
  });
});

describe("a loop", () => {
  it("shares items with others, each item to one", async () => {
    const queue = new Queue<number>({ capacity: 3 });
    const loops = [collect(queue), collect(queue), collect(queue)];
    for (let item = 0; item < 30; item += 1) await queue.put(item);
    queue.close();
    const items = await Promise.all(loops);
    expect(items.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    for (const taken of items) expect(taken).toEqual(taken.toSorted((a, b) => a - b));
  });

  it("may be asked for several items at once, and left meanwhile without losing one", async () => {
    const queue = new Queue<number>();
    const iterator = queue[Symbol.asyncIterator]();
    const asked = [iterator.next(), iterator.next(), iterator.next()];
    queue.tryPut(1);
    await iterator.return!();
    queue.tryPut(2);
    expect(await Promise.all(asked)).toEqual([
      { value: 1, done: false },
      { value: undefined, done: true },
      { value: undefined, done: true },
    ]);
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
    expect(queue.tryTake()).toBe(2);
  });
});

describe("a queue whose last consumer left (K5)", () => {
  it("ends join and put, where they would wait, with the consumer's error as cause", async () => {
    const queue = new Queue<number>({ capacity: 1 });
    const consumer = queue.consume((item) => {
      if (item === 2) throw error;
    });
    for (const item of [1, 2, 3]) await queue.put(item);
    const waiting = [queue.put(4), queue.join()].map((wait) => wait.catch((reason: unknown) => reason));
    const [put, join] = await Promise.all(waiting);
    expect(put).toBeInstanceOf(QueueAbandonedError);
    expect(put).toMatchObject({
      cause: error,
      message: "Cannot put into the queue as its last consumer failed and 1 item is not processed",
    });
    expect(join).toMatchObject({ code: "MH_QUEUE_ABANDONED", cause: error });
    await expect(queue.put(4)).rejects.toBeInstanceOf(QueueAbandonedError);
    await expect(queue.join()).rejects.toBeInstanceOf(QueueAbandonedError);
    expect(queue.tryTake()).toBe(3);
    await expect(consumer).rejects.toBe(error);
  });

  it("is also one that a loop left early", async () => {
    const queue = filled(1, 2, 3);
    const join = queue.join().catch((reason: unknown) => reason);
    for await (const item of queue) if (item === 1) break;
    expect(await join).toMatchObject({
      code: "MH_QUEUE_ABANDONED",
      message: "Cannot join the queue as its last consumer left before the end and 2 items are not processed",
    });
  });

  it("is not one where another consumer is, or comes in the same turn", async () => {
    const queue = filled(1, 2, 3, 4);
    const join = queue.join();
    for await (const item of queue) if (item === 1) break;
    for await (const item of queue) if (item === 2) break;
    const consumer = queue.consume(() => Promise.reject(error));
    await Promise.resolve();
    const other = collect(queue);
    await expect(consumer).rejects.toBe(error);
    await join;
    queue.close();
    expect(await other).toEqual([4]);
  });

  it("is one no more when a consumer comes later", async () => {
    const queue = filled(1, 2);
    for await (const item of queue) if (item === 1) break;
    await turn();
    await expect(queue.join()).rejects.toBeInstanceOf(QueueAbandonedError);
    const consumer = queue.consume(() => undefined);
    await queue.join();
    queue.close();
    expect(await consumer).toBe(1);
  });

  it("is none where items are taken by hand: who does so cannot be seen to leave", async () => {
    const queue = filled(1, 2, 3);
    await queue.take();
    for await (const item of queue) if (item === 2) break;
    const join = queue.join();
    expect(await stateOf(join)).toBe("pending");
    await queue.take();
    await join;
  });

  it("lets the dropped of its consumers go", async () => {
    // Neither the iterator nor the lease is reachable once this returns.
    const drop = async (queue: Queue<number>, byHand: boolean): Promise<void> => {
      if (byHand) await queue.lease();
      else await queue[Symbol.asyncIterator]().next();
    };
    const [looped, leased] = [filled(1), filled(1)];
    await drop(looped, false);
    await drop(leased, true);
    const collecting = setInterval(collectGarbage, 1);
    try {
      await Promise.all([looped.join(), leased.join()]);
    } finally {
      clearInterval(collecting);
    }
  });
});

describe("misuse", () => {
  it.each([
    [() => new Queue({ capacity: 0 }), "'capacity'"],
    [() => new Queue({ capacity: 1.5 }), "current value is 1.5"],
    [() => new Queue({ capcity: 1 } as never), "did you mean 'capacity'?"],
    [() => new Queue().consume(7 as never), "takes a function: current value is 7"],
    [() => new Queue().consume(() => 1, { concurrency: -1 }), "'concurrency'"],
    [() => new Queue().consume(() => 1, { concurency: 2 } as never), "did you mean 'concurrency'?"],
    [() => new Queue().consume(() => 1, { signal: 2 as never }), "must be an AbortSignal"],
  ])("is refused at once: %s", (misuse, message) => {
    expect(misuse).toThrow(message);
  });

  it.each([
    [(queue: Queue<number>) => queue.put(1, { timeout: -1 }), "current value is -1"],
    [(queue: Queue<number>) => queue.take({ timout: 1 } as never), "did you mean 'timeout'?"],
    [(queue: Queue<number>) => queue.join({ signal: {} as never }), "must be an AbortSignal"],
    [(queue: Queue<number>) => queue.lease(7 as never), "must be an object"],
  ])("of a wait is refused: %s", async (misuse, message) => {
    const queue = new Queue<number>();
    await expect(misuse(queue)).rejects.toThrow(message);
    expect(queue.size).toBe(0);
  });
});
