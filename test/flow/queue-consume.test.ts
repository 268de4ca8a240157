import * as fc from "fast-check";
import { Queue, taskGroup } from "manyhands";
import { describe, expect, it } from "vitest";

const error = new Error("no luck");

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function filled(count: number): Queue<number> {
  const queue = new Queue<number>();
  for (let item = 0; item < count; item += 1) queue.tryPut(item);
  return queue;
}

/** Runs that end when a test wants them to, and the most of them there were at once. */
class Gate {
  running = 0;
  most = 0;
  readonly #ends: (() => void)[] = [];

  async run(): Promise<void> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    await new Promise<void>((resolve) => this.#ends.push(resolve));
    this.running -= 1;
  }

  open(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

describe("in a task group that is cancelled", () => {
  it.each<[string, (queue: Queue<number>) => unknown]>([
    ["take", (queue) => queue.take()],
    ["lease", (queue) => queue.lease()],
    ["next", (queue) => queue[Symbol.asyncIterator]().next()],
    ["put", (queue) => queue.put(2)],
    ["join", (queue) => queue.join({ timeout: 60_000 })],
    ["consume", (queue) => queue.consume(turn)],
  ])("%s ends with its reason, and has left the queue", async (name, wait) => {
    const isTaking = name !== "put" && name !== "join";
    const queue = new Queue<number>({ capacity: 1 });
    if (!isTaking) await queue.put(1);
    let reason: unknown;
    const group = taskGroup((children) => {
      children.spawn(() => Promise.resolve(wait(queue)).catch((thrown: unknown) => (reason = thrown)));
      children.spawn(async () => {
        await turn();
        throw error;
      });
    });
    await expect(group).rejects.toMatchObject({ errors: [error] });
    expect(reason).toMatchObject({ name: "AbortError", cause: error });
    // Nobody takes what is put now, and nothing is put by who has left.
    if (isTaking) expect(queue.tryPut(1)).toBe(true);
    expect([queue.tryTake(), queue.size]).toEqual([1, 0]);
  });

  it("lets who joins it know that the loop has left", async () => {
    const queue = new Queue<number>();
    const group = taskGroup(async (children) => {
      children.spawn(async () => {
        for await (const _ of queue);
      });
      await turn();
      throw error;
    });
    await expect(group).rejects.toMatchObject({ errors: [error] });
    await queue.put(1);
    await turn();
    await expect(queue.join()).rejects.toMatchObject({ name: "QueueAbandonedError", cause: { cause: error } });
  });
});

describe("consume", () => {
  it("runs the function for each item, in order, and tells how many there were", async () => {
    const queue = filled(3);
    const seen: number[] = [];
    const consumer = queue.consume((item) => seen.push(item));
    expect(seen).toEqual([]);
    queue.close();
    expect(await consumer).toBe(3);
    expect(seen).toEqual([0, 1, 2]);
    expect(consumer).toMatchObject({ status: "done", attempts: 1, progress: { done: 3, total: undefined } });
    expect(consumer.timings.ran).toBeGreaterThanOrEqual(0);
  });

  it.each([1, 3, Number.POSITIVE_INFINITY])("runs %s at once", async (concurrency) => {
    const queue = filled(10);
    const gate = new Gate();
    const consumer = queue.consume(() => gate.run(), { concurrency });
    queue.close();
    while (consumer.status === "running") {
      await turn();
      gate.open();
    }
    expect(gate.most).toBe(Math.min(concurrency, 10));
    expect(await consumer).toBe(10);
  });

  it("tells listeners of its progress", async () => {
    const queue = filled(3);
    const consumer = queue.consume(() => undefined);
    const seen: number[] = [];
    consumer.onProgress(({ done }) => seen.push(done));
    queue.close();
    await consumer;
    expect(seen).toEqual([1, 2, 3]);
  });

  it("stops with the first failure: takes no more, and waits for the runs that are on (N1, N2)", async () => {
    const queue = filled(5);
    const gate = new Gate();
    const signals: AbortSignal[] = [];
    const consumer = queue.consume(
      async (item, { signal }) => {
        signals.push(signal);
        if (item === 1) throw error;
        await gate.run();
      },
      { concurrency: 2 },
    );
    await turn();
    expect(consumer.status).toBe("running");
    expect(signals[0]!.reason).toBe(error);
    gate.open();
    await expect(consumer).rejects.toBe(error);
    expect(signals).toHaveLength(2);
    expect(queue.size).toBe(3);
  });

  it("tells all errors, but not those that the signal made (N3)", async () => {
    const queue = filled(3);
    const other = new RangeError("other");
    const consumer = queue.consume(
      async (item, { signal }) => {
        if (item === 0) throw error;
        await turn();
        if (item === 1) throw other;
        if (signal.aborted) throw new DOMException("Stopped", "AbortError");
      },
      { concurrency: 3 },
    );
    const failure = await consumer.exception();
    expect(failure).toBeInstanceOf(AggregateError);
    expect((failure as AggregateError).errors).toEqual([error, other]);
  });

  it("can be cancelled, and stopped by a signal, while it waits or runs", async () => {
    for (const isWaiting of [true, false]) {
      const queue = filled(isWaiting ? 0 : 2);
      const gate = new Gate();
      const controller = new AbortController();
      const cancelled = queue.consume(() => gate.run());
      const aborted = queue.consume(() => gate.run(), { signal: controller.signal });
      await turn();
      expect(gate.running).toBe(isWaiting ? 0 : 2);
      expect(cancelled.cancel()).toBe(true);
      controller.abort(error);
      await expect(cancelled).rejects.toMatchObject({ name: "AbortError", code: "MH_CANCELLED" });
      await expect(aborted).rejects.toBe(error);
      expect([cancelled.status, aborted.status]).toEqual(["cancelled", "cancelled"]);
      const late = queue.consume(() => gate.run(), { signal: controller.signal });
      await expect(late).rejects.toBe(error);
      // What was running is still processed.
      expect(queue.unfinished).toBe(gate.running);
      gate.open();
      await turn();
      expect(queue.unfinished).toBe(0);
      queue.tryPut(7);
      expect(queue.size).toBe(1);
    }
  });

  it("leaves the queue to nobody when it is cancelled, once its runs have ended", async () => {
    const queue = filled(2);
    const gate = new Gate();
    const consumer = queue.consume(() => gate.run());
    const join = queue.join();
    await turn();
    consumer.cancel(error);
    await turn();
    expect(queue.unfinished).toBe(2);
    gate.open();
    await expect(join).rejects.toMatchObject({ code: "MH_QUEUE_ABANDONED", cause: error });
    await expect(consumer).rejects.toBe(error);
    expect(queue.unfinished).toBe(1);
  });

  it("does not crash the program when its failure is told by join or put", async () => {
    const queue = filled(3);
    const consumer = queue.consume(() => Promise.reject(error));
    await expect(queue.join()).rejects.toMatchObject({ cause: error });
    expect(consumer.status).toBe("failed");
  });

  it("feeds queues into each other, and an end of the last one reaches the first", async () => {
    const [numbers, squares] = [new Queue<number>({ capacity: 2 }), new Queue<number>({ capacity: 2 })];
    const squaring = numbers.consume((item) => squares.put(item * item), { concurrency: 2 });
    const storing = squares.consume((item) => {
      if (item === 25) throw error;
    });
    const feeding = (async () => {
      for (let item = 0; item < 100; item += 1) await numbers.put(item);
    })();
    await expect(storing).rejects.toBe(error);
    const failure = (await squaring.exception()) as AggregateError | Error;
    const [first] = failure instanceof AggregateError ? (failure.errors as Error[]) : [failure];
    expect(first).toMatchObject({ code: "MH_QUEUE_ABANDONED", cause: error });
    await expect(feeding).rejects.toMatchObject({ code: "MH_QUEUE_ABANDONED" });
  });
});

describe("with producers and consumers of all kinds", () => {
  type Consumer = "loop" | "consume" | "take" | "lease";
  type Run = { capacity: number; producers: number[]; consumers: Consumer[]; pauses: boolean[] };

  const runs: fc.Arbitrary<Run> = fc.record({
    capacity: fc.constantFrom(1, 2, 5, Number.POSITIVE_INFINITY),
    producers: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 4 }),
    consumers: fc.array(fc.constantFrom<Consumer>("loop", "consume", "take", "lease"), { minLength: 1, maxLength: 4 }),
    pauses: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
  });

  it("loses nothing, doubles nothing, keeps the order of each producer, and never holds more than its capacity", async () => {
    await fc.assert(
      fc.asyncProperty(runs, async ({ capacity, producers, consumers, pauses }) => {
        const queue = new Queue<readonly [producer: number, item: number]>({ capacity });
        let step = 0;
        const pause = async (): Promise<void> => {
          expect(queue.size).toBeLessThanOrEqual(capacity);
          if (pauses[step++ % pauses.length]) await turn();
        };
        const taken = consumers.map((): (readonly [number, number])[] => []);
        const consuming = consumers.map(async (kind, index) => {
          const receive = async (item: readonly [number, number]): Promise<void> => {
            taken[index]!.push(item);
            await pause();
          };
          switch (kind) {
            case "loop":
              for await (const item of queue) await receive(item);
              return;
            case "consume":
              await queue.consume(receive);
              return;
            case "take":
              for (;;) await receive(await queue.take());
            case "lease":
              for (;;) {
                using lease = await queue.lease();
                await receive(lease.value);
              }
          }
        });
        const ended = Promise.allSettled(consuming);
        await Promise.all(
          producers.map(async (count, producer) => {
            for (let item = 0; item < count; item += 1) {
              await queue.put([producer, item]);
              await pause();
            }
          }),
        );
        await queue.join();
        expect(queue.unfinished).toBe(0);
        queue.close();
        for (const outcome of await ended) {
          if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "MH_QUEUE_CLOSED" });
        }
        for (const items of taken) {
          for (const producer of producers.keys()) {
            const own = items.filter(([from]) => from === producer).map(([, item]) => item);
            expect(own).toEqual(own.toSorted((a, b) => a - b));
          }
        }
        const all = taken.flat().map(String);
        expect(all.toSorted()).toEqual(
          producers
            .flatMap((count, producer) => Array.from({ length: count }, (_, item) => String([producer, item])))
            .toSorted(),
        );
      }),
      { numRuns: 60 },
    );
  });
});
