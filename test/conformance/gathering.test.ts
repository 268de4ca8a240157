import { asCompleted, gather, Queue, wait, WorkerCrashedError } from "manyhands";
import { describe, expect, it } from "vitest";
import { CounterWorker, TeapotError } from "#fixtures/counter.js";
import { CrasherWorker } from "#fixtures/crasher.js";
import { MODES, REMOTE_MODES } from "./modes.js";

describe.each(MODES)("several calls in mode %s", (mode) => {
  it("are gathered, waited for, taken as they complete, and made for the items of a queue", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const calls = (): ReturnType<typeof pool.add>[] => [0, 1, 2].map((n) => pool.add(n, 10));
    expect(await gather(calls())).toEqual([10, 11, 12]);
    const { sum, label, failed } = await gather(
      { sum: pool.add(1, 2), label: pool.describe("a", "-", "b"), failed: pool.fail("teapot") },
      { returnExceptions: true },
    );
    expect([sum, label]).toEqual([3, "a-counter-b"]);
    expect(failed).toBeInstanceOf(TeapotError);
    await expect(gather([pool.add(1, 1), pool.fail("teapot")])).rejects.toBeInstanceOf(TeapotError);
    const values: number[] = [];
    for await (const { index, future } of asCompleted(calls())) values[index] = await future;
    expect(values).toEqual([10, 11, 12]);
    const futures = calls();
    expect([...(await wait(futures)).done]).toEqual(futures);
    const never = pool.untilAborted();
    const { pending } = await wait([never], { timeout: 5 });
    expect(pending.has(never)).toBe(true);
    await expect(gather([never], { timeout: 5, cancelOnFailure: true })).rejects.toMatchObject({ code: "MH_TIMEOUT" });
    expect(never.status).toBe("cancelled");

    const queue = new Queue<number>({ capacity: 4 });
    const results: number[] = [];
    const consumer = queue.consume(async (n) => results.push(await pool.add(n, 1)), { concurrency: 3 });
    for (let n = 0; n < 20; n += 1) await queue.put(n);
    await queue.join();
    expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    consumer.cancel();
    const failing = queue.consume(() => pool.fail("teapot"));
    queue.tryPut(1);
    await expect(failing).rejects.toBeInstanceOf(TeapotError);
  });
});

describe.each(REMOTE_MODES)("a worker that dies in mode %s", (mode) => {
  it("ends what waits for its calls, and nothing else", async () => {
    await using pool = CrasherWorker.options({ mode, maxWorkers: 1 }).init();
    const [died, lived] = await gather([pool.exit(3), pool.calls()], { returnExceptions: true });
    expect(died).toBeInstanceOf(WorkerCrashedError);
    expect(lived).toBe(1);
    const queue = new Queue<number>({ capacity: 1 });
    const consumer = queue.consume((code) => pool.exit(code));
    await expect(
      (async () => {
        for (let code = 1; code < 5; code += 1) await queue.put(code);
        await queue.join();
      })(),
    ).rejects.toMatchObject({ code: "MH_QUEUE_ABANDONED", cause: { code: "MH_WORKER_CRASHED", exitCode: 1 } });
    await expect(consumer).rejects.toBeInstanceOf(WorkerCrashedError);
  });
});
