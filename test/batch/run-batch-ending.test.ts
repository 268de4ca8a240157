import { existsSync } from "node:fs";
import { Writable } from "node:stream";
import { BatchStoppedError, runBatch } from "manyhands/batch";
import { describe, expect, it } from "vitest";
import { makeInput, range, readLines, someTurns } from "./folder.js";

describe("runBatch, ended early", () => {
  it("begins nothing more when its signal fires, lets what runs end, and rejects with the reason", async () => {
    const { input, output } = makeInput(range(100));
    const controller = new AbortController();
    const reason = new Error("enough");
    let begun = 0;
    const running = runBatch({
      input,
      output,
      concurrency: 4,
      signal: controller.signal,
      run: async (n: number) => {
        begun += 1;
        if (n === 20) controller.abort(reason);
        await someTurns(n);
        return n;
      },
    });
    await expect(running).rejects.toBe(reason);
    expect(begun).toBeLessThan(30);
    expect(readLines(output)).toHaveLength(begun);
    const rest = await runBatch({ input, output, resume: true, run: (n: number) => n });
    expect(rest).toMatchObject({ done: 100 - begun, skipped: begun, failed: 0 });
  });

  it("ends where looking at a result throws, whatever that is: such items have failed", async () => {
    const { input, output } = makeInput(range(2));
    const results = [
      {
        get then(): never {
          throw new Error("no look");
        },
      },
      {
        toJSON(): never {
          // oxlint-disable-next-line typescript/only-throw-error -- others may
          throw null;
        },
      },
    ];
    const summary = await runBatch({ input, output, run: (n: number) => results[n] });
    expect(summary).toMatchObject({ done: 0, failed: 2 });
  });

  it("ends when it is stopped although nobody reads what it writes", async () => {
    const { input } = makeInput(range(10));
    const controller = new AbortController();
    const reason = new Error("enough");
    const stalled = new Writable({ write: () => controller.abort(reason) });
    const running = runBatch({ input, output: stalled, grace: 10, signal: controller.signal, run: (n: number) => n });
    await expect(running).rejects.toBe(reason);
  });

  it("is told of a failed write once, also where the stream says so again when it has closed", async () => {
    const { input } = makeInput([1]);
    const full = new Writable({
      write: (_chunk, _encoding, done) => done(new Error("no room")),
      destroy: (error, done) => void setTimeout(() => done(error), 20),
    });
    const closed = new Promise<void>((resolve) => full.once("close", resolve));
    await expect(runBatch({ input, output: full, run: (n) => n })).rejects.toThrow("no room");
    // Where nobody listens, its event ends the program.
    await closed;
    expect(full.listenerCount("error")).toBe(0);
  });

  it("fires the signal of items that do not end in time, and does not wait for those that ignore it", async () => {
    const { input, output } = makeInput(range(10));
    const controller = new AbortController();
    const reason = new Error("enough");
    const running = runBatch({
      input,
      output,
      ordered: true,
      grace: 20,
      signal: controller.signal,
      run: async (n: number, { signal }) => {
        if (n === 3) return new Promise<never>(() => {});
        if (n === 9) controller.abort(reason);
        if (n % 2 === 0) return n;
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    await expect(running).rejects.toBe(reason);
    // What ended is kept although something before it did not.
    expect(readLines(output).map(({ index }) => index)).toEqual([0, 2, 4, 6, 8]);
    expect(existsSync(`${output}.failures`)).toBe(false);
    const seen: number[] = [];
    await runBatch({ input, output, ordered: true, resume: true, run: (n: number) => void seen.push(n) });
    expect(seen).toEqual([1, 3, 5, 7, 9]);
    expect(readLines(output).map(({ index }) => index)).toEqual(range(10));
  });

  it("stops at an error that every item would meet: the item is neither done nor failed", async () => {
    const { input, output } = makeInput(range(50));
    const fatal = new Error("No quota");
    const run = (n: number): number => {
      if (n === 30) throw fatal;
      return n;
    };
    const error = await runBatch({ input, output, run, stopOn: (thrown) => thrown === fatal }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BatchStoppedError);
    expect(error).toMatchObject({ cause: fatal, summary: { done: 30, failed: 0 } });
    expect(existsSync(`${output}.failures`)).toBe(false);
    expect(await runBatch({ input, output, resume: true, run: (n: number) => n })).toMatchObject({ done: 20 });
  });

  it("stops when as many have failed as are allowed", async () => {
    const { input, output } = makeInput(range(50));
    const run = (n: number): number => {
      if (n % 2) throw new Error("odd");
      return n;
    };
    const stopped = runBatch({ input, output, run, maxFailures: 3 });
    await expect(stopped).rejects.toMatchObject({ code: "MH_BATCH_STOPPED", summary: { done: 3, failed: 3 } });
  });

  it("stops when the input cannot be read any further", async () => {
    const { output } = makeInput([]);
    async function* input(): AsyncGenerator<string> {
      yield "1\n2\n";
      throw new Error("The network is gone");
    }
    const stopped = runBatch({ input: input(), output, run: (n: number) => n });
    await expect(stopped).rejects.toMatchObject({
      message: expect.stringContaining("The network is gone"),
      summary: { done: 2 },
    });
  });

  it.skipIf(process.platform !== "linux")(
    "stops at a full disk, and counts nothing as done that is not written",
    async () => {
      const { input } = makeInput(range(20_000));
      const stopped = runBatch({ input, output: "/dev/full", run: (n: number) => n });
      await expect(stopped).rejects.toMatchObject({
        cause: { code: "ENOSPC", message: "Cannot write /dev/full as the disk is full: make room, then resume" },
        summary: { done: 0 },
      });
      expect(existsSync("/dev/full.manyhands")).toBe(false);
    },
  );
});
