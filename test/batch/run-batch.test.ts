import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { type BatchOptions, runBatch } from "manyhands/batch";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type Failure, makeFolder, makeInput, range, readLines, someTurns } from "./folder.js";

describe("runBatch", () => {
  it("writes a line for each item, and says what it did", async () => {
    const { input, output } = makeInput(range(1000));
    const summary = await runBatch({ input, output, run: (n: number) => ({ twice: n * 2 }) });
    expect(summary).toMatchObject({ done: 1000, failed: 0, skipped: 0, invalid: 0, failures: undefined });
    expect(readLines(output)).toEqual(range(1000).map((index) => ({ index, output: { twice: index * 2 } })));
    expect(existsSync(`${output}.failures`)).toBe(false);
  });

  it("keeps the order of the input where it is asked to, and only there", async () => {
    const { input, output } = makeInput(range(500));
    const run = async (n: number): Promise<number> => {
      await someTurns(n);
      return n;
    };
    await runBatch({ input, output, run });
    const anyOrder = readLines(output).map(({ index }) => index);
    expect(anyOrder).not.toEqual(range(500));
    expect(anyOrder.toSorted((a, b) => a - b)).toEqual(range(500));
    await runBatch({ input, output, run, ordered: true, window: 10, overwrite: true });
    expect(readLines(output).map(({ index }) => index)).toEqual(range(500));
  });

  it("runs no more than `concurrency` items at once, and as many as that", async () => {
    const { input, output } = makeInput(range(200));
    let running = 0;
    let most = 0;
    await runBatch({
      input,
      output,
      concurrency: 7,
      run: async (n: number) => {
        running += 1;
        most = Math.max(most, running);
        await someTurns(n);
        running -= 1;
      },
    });
    expect(most).toBe(7);
    expect(readLines(output)[0]).toEqual({ index: expect.any(Number), output: null });
  });

  it("tells each item its index and a signal, and counts lines with nothing in them", async () => {
    const folder = makeFolder();
    const input = join(folder, "in.jsonl");
    writeFileSync(input, '\n"a"\r\n  \n"b"');
    const output = join(folder, "out.jsonl");
    const seen: unknown[] = [];
    const { done } = await runBatch({
      input,
      output,
      run: (text: string, { index, signal }) => void seen.push([text, index, signal.aborted]),
    });
    expect(done).toBe(2);
    expect(seen).toEqual([
      ["a", 1, false],
      ["b", 3, false],
    ]);
  });

  it("keeps what failed, as it stood in the input, and lines that are no JSON with their numbers", async () => {
    const folder = makeFolder();
    const input = join(folder, "in.jsonl");
    writeFileSync(input, '1\n{"big": 12345678901234567890}\nnot "JSON\n\n2\n');
    const output = join(folder, "out.jsonl");
    const failures = join(folder, "failed.jsonl");
    const run = (item: unknown): unknown => {
      if (typeof item === "object") throw Object.assign(new RangeError("Too\nbig"), { code: "E_BIG" });
      return item === 2 ? 2n : item;
    };
    const summary = await runBatch({ input, output, failures, run });
    expect(summary).toMatchObject({ done: 1, failed: 3, invalid: 1, failures });
    expect(readLines(output)).toEqual([{ index: 0, output: 1 }]);
    expect(readFileSync(failures, "utf8")).toContain('"input":{"big": 12345678901234567890}');
    expect(readLines<Failure>(failures)).toMatchObject([
      { index: 1, error: { name: "RangeError", message: "Too\nbig", code: "E_BIG" } },
      { index: 2, text: 'not "JSON', error: { name: "SyntaxError", message: expect.stringContaining("line 3") } },
      { index: 4, input: 2, error: { message: expect.stringContaining("Cannot write the result as JSON") } },
    ]);
  });

  it("takes whatever is thrown, and whatever has a `then`", async () => {
    const { input, output } = makeInput(range(5));
    const thrown = [undefined, "text", { some: "object" }, null];
    const run = (n: number): PromiseLike<number> => ({
      // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
      then: (done, fail) => Promise.resolve(n < 4 ? fail!(thrown[n]) : done!(n)) as never,
    });
    expect(await runBatch({ input, output, run })).toMatchObject({ done: 1, failed: 4 });
    expect(readLines<Failure>(`${output}.failures`).map(({ error }) => error.message)).toEqual([
      "undefined",
      "text",
      "{ some: 'object' }",
      "null",
    ]);
  });

  it("reads a stream and writes to one, which it does not end", async () => {
    const written: string[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        written.push(chunk.toString());
        setImmediate(done);
      },
    });
    const { input } = makeInput(range(300));
    const summary = await runBatch({
      input: Readable.from([readFileSync(input).subarray(0, 10), readFileSync(input, "utf8").slice(10)]),
      output: stream,
      ordered: true,
      run: (n: number) => n,
    });
    expect(summary.done).toBe(300);
    expect(written.join("")).toBe(
      range(300)
        .map((n) => `{"index":${n},"output":${n}}\n`)
        .join(""),
    );
    expect(stream.writableEnded).toBe(false);
  });

  it("infers what an item is and what becomes of it", () => {
    expectTypeOf(runBatch<string, number>)
      .parameter(0)
      .toHaveProperty("run");
    expectTypeOf<BatchOptions<string, number>["run"]>().parameter(0).toEqualTypeOf<string>();
  });
});

describe("the options of runBatch", () => {
  const good = { input: "in", output: "out", run: () => 1 };

  it.each<[object, string]>([
    [
      { ...good, conurrency: 3 },
      "Cannot set 'batch.conurrency' as there is no such option: did you mean 'concurrency'?",
    ],
    [{ ...good, concurrency: 0 }, "'concurrency' as it must be an integer from 1"],
    [{ ...good, concurrency: Infinity }, "'concurrency' as it must be an integer from 1"],
    [{ ...good, input: 3 }, "'input' as it must be a path or an async iterable"],
    [{ ...good, output: "" }, "'output' as it must be a path or a stream"],
    [{ ...good, run: "x" }, "'run' as it must be a function"],
    [{ ...good, ordered: 1 }, "'ordered' as it must be a boolean"],
    [{ ...good, failures: true }, "'failures' as it must be a path or false"],
    [{ ...good, settings: [] }, "'settings' as it must be an object"],
    [{ ...good, signal: {} }, "'signal' as it must be an AbortSignal"],
    [{ ...good, stopOn: {} }, "'stopOn' as it must be a function"],
    [{ ...good, grace: -1 }, "'grace' as it must be a number of ms"],
    [{ ...good, resume: true, overwrite: true }, "'overwrite' as 'resume' is set too: choose one"],
    [{ ...good, output: new Writable(), resume: true }, "'resume' as the output is a stream"],
  ])("refuse %j", async (options, message) => {
    await expect(runBatch(options as BatchOptions)).rejects.toThrow(message);
  });
});

describe("the memory of runBatch", () => {
  const ROWS = 100_000;

  /** More than a hundred bytes for each of them, as they are read. */
  async function* rows(onRow: () => void): AsyncGenerator<string> {
    for (let row = 0; row < ROWS; row += 500) {
      onRow();
      yield range(500)
        .map((n) => `{"id":${row + n},"text":"${"x".repeat(100)}"}\n`)
        .join("");
    }
  }

  it("does not grow with the input, though writing is slow: reading waits for it", async () => {
    let read = 0;
    let written = 0;
    let furthest = 0;
    const slow = new Writable({
      highWaterMark: 1,
      write: (chunk: Buffer, _, done) => {
        written += chunk.length;
        setImmediate(done);
      },
    });
    const { done } = await runBatch({
      input: rows(() => {
        read += 500;
        furthest = Math.max(furthest, read * 130 - written);
      }),
      output: slow,
      ordered: true,
      run: async (row: { id: number; text: string }) => row,
    });
    expect(done).toBe(ROWS);
    expect(written).toBeGreaterThan(ROWS * 120);
    // The input has 13 MB; what may wait is bounded, and so is what the stream holds.
    expect(furthest).toBeLessThan(8_000_000);
  });

  it("does not grow while one item takes its time and the order is kept", async () => {
    const { input, output } = makeInput(range(2000));
    let begun = 0;
    let begunBefore = 0;
    const run = async (n: number): Promise<number> => {
      begun += 1;
      if (n > 0) return n;
      // The others end at once; far more turns than they would need.
      for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
      begunBefore = begun;
      return n;
    };
    expect(await runBatch({ input, output, ordered: true, window: 300, run })).toMatchObject({ done: 2000 });
    expect(begunBefore).toBe(300);
    expect(readLines(output).map(({ index }) => index)).toEqual(range(2000));
  });
});
