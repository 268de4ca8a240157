import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { type BatchOptions, BatchRefusedError, BatchStoppedError, runBatch } from "manyhands/batch";
import { describe, expect, expectTypeOf, it } from "vitest";
import { makeFolder, makeInput, range, readLines } from "./folder.js";

interface Failure {
  readonly index: number;
  readonly input?: unknown;
  readonly text?: string;
  readonly error: { readonly name: string; readonly message: string; readonly code?: string };
}

const readFailures = (path: string): Failure[] => readLines<Failure>(path);

/** Ends each call some turns later, in an order of its own. */
async function someTurns(n: number): Promise<void> {
  for (let turn = (n * 7) % 5; turn > 0; turn -= 1) await new Promise(setImmediate);
}

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
    expect(readFailures(failures)).toMatchObject([
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
    expect(readFailures(`${output}.failures`).map(({ error }) => error.message)).toEqual([
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

describe("runBatch, with files that are there", () => {
  const run = (n: number): number => n;

  it("refuses an output that exists, unless told what to do with it", async () => {
    const { input, output } = makeInput(range(3));
    await runBatch({ input, output, run });
    const refused = runBatch({ input, output, run });
    await expect(refused).rejects.toBeInstanceOf(BatchRefusedError);
    await expect(refused).rejects.toMatchObject({
      code: "MH_BATCH_REFUSED",
      reason: "exists",
      message: `Cannot write ${output} as it exists: set 'resume' to finish it, or 'overwrite' to start anew`,
    });
    expect(await runBatch({ input, output, run, resume: true })).toMatchObject({ done: 0, skipped: 3 });
    expect(await runBatch({ input, output, run, overwrite: true })).toMatchObject({ done: 3, skipped: 0 });
  });

  it("refuses to resume with other settings, from another input, or in another order, unless forced", async () => {
    const { folder, input, output } = makeInput(range(100));
    await runBatch({ input, output, run, settings: { model: "a", depth: 1 } });
    const settings = { model: "b", depth: 1 };
    const other = runBatch({ input, output, run, resume: true, settings });
    await expect(other).rejects.toMatchObject({
      reason: "settings",
      problem: `Cannot resume ${output} as it was made with other settings: 'model' was 'a' and is 'b'`,
    });
    const same = { input, output, run, resume: true, settings: { depth: 1, model: "a" } };
    await expect(runBatch({ ...same, ordered: true })).rejects.toMatchObject({ reason: "order" });
    writeFileSync(input, readFileSync(input, "utf8").replace("50", "51"));
    await expect(runBatch(same)).rejects.toMatchObject({
      reason: "input",
      problem: expect.stringContaining("changed"),
    });
    writeFileSync(input, readFileSync(input, "utf8").replace("51", "50") + "100\n");
    await expect(runBatch(same)).rejects.toMatchObject({ reason: "input", problem: expect.stringContaining("grown") });
    expect(await runBatch({ ...same, force: true, settings })).toMatchObject({ done: 1, skipped: 100 });
    expect(await runBatch({ ...same, settings })).toMatchObject({ done: 0, skipped: 101 });
    const moved = join(folder, "moved.jsonl");
    writeFileSync(moved, readFileSync(input));
    expect(await runBatch({ ...same, settings, input: moved })).toMatchObject({ skipped: 101 });
  });

  it("knows a stream by its first line", async () => {
    const { output } = makeInput([]);
    const stream = (text: string): Readable =>
      Readable.from([Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))]);
    await runBatch({ input: stream("10\n20\n"), output, run });
    const more = await runBatch({ input: stream("10\n20\n30\n"), output, run, resume: true });
    expect(more).toMatchObject({ done: 1, skipped: 2 });
    await expect(runBatch({ input: stream("11\n20\n"), output, run, resume: true })).rejects.toMatchObject({
      reason: "input",
    });
  });

  it("tries again what failed, and lists only what still fails", async () => {
    const { input, output } = makeInput(range(30));
    let isBroken = true;
    const flaky = (n: number): number => {
      if (n % 3 === 0 && (isBroken || n === 9)) throw new Error("not today");
      return n;
    };
    for (const ordered of [false, true]) {
      isBroken = true;
      await runBatch({ input, output, run: flaky, overwrite: true, ordered });
      expect(readFailures(`${output}.failures`)).toHaveLength(10);
      isBroken = false;
      const summary = await runBatch({ input, output, run: flaky, resume: true, ordered });
      expect(summary).toMatchObject({ done: 9, failed: 1, skipped: 20 });
      expect(readFailures(`${output}.failures`).map(({ index }) => index)).toEqual([9]);
      const indices = readLines(output).map(({ index }) => index);
      const expected = range(30).filter((n) => n !== 9);
      expect(ordered ? indices : indices.toSorted((a, b) => a - b)).toEqual(expected);
      expect(existsSync(`${output}.late`)).toBe(false);
    }
  });

  it("merges late lines that a killed run has left, torn and doubled ones too", async () => {
    const { input, output } = makeInput(range(8));
    const only =
      (...kept: number[]) =>
      (n: number) => {
        if (!kept.includes(n)) throw new Error("not this one");
        return n;
      };
    await runBatch({ input, output, run: only(1, 4, 6), ordered: true });
    const line = (index: number): string => `{"index":${index},"output":${index}}\n`;
    writeFileSync(`${output}.late`, `${line(0)}${line(2)}${line(4)}{"index":5,"outp`);
    writeFileSync(`${output}.merging`, "half of a merge");
    await runBatch({ input, output, run: only(7), ordered: true, resume: true });
    expect(readLines(output).map(({ index }) => index)).toEqual([0, 1, 2, 4, 6, 7]);
    await runBatch({ input, output, run, ordered: true, resume: true });
    expect(readLines(output)).toEqual(range(8).map((index) => ({ index, output: index })));
    expect(existsSync(`${output}.merging`)).toBe(false);
  });

  it("leaves alone what it did not make", async () => {
    const { folder, input, output } = makeInput(range(3));
    writeFileSync(output, "my notes\n");
    await expect(runBatch({ input, output, run, resume: true })).rejects.toMatchObject({ reason: "settings" });
    const force = { input, output, run, resume: true, force: true };
    await expect(runBatch(force)).rejects.toMatchObject({ reason: "unreadable" });
    expect(readFileSync(output, "utf8")).toBe("my notes\n");
    const notes = join(folder, "notes");
    writeFileSync(notes, "mine\n");
    const failures = runBatch({ input, output: `${output}.new`, run, failures: notes });
    await expect(failures).rejects.toMatchObject({ reason: "failures" });
    expect(readFileSync(notes, "utf8")).toBe("mine\n");
    const stream = runBatch({ input, output: new Writable(), run, failures: notes });
    await expect(stream).rejects.toMatchObject({ reason: "failures" });
    await expect(runBatch({ input, output: input, run, overwrite: true })).rejects.toThrow("as it is the input");
    await expect(runBatch({ input, output: notes, failures: notes, run })).rejects.toThrow("as it is the output");
  });

  it("begins anew where the output was deleted, whatever lies beside it", async () => {
    const { input, output } = makeInput(range(3));
    writeFileSync(`${output}.late`, '{"index":0,"output":7}\n');
    writeFileSync(`${output}.manyhands`, "{");
    expect(await runBatch({ input, output, run, ordered: true })).toMatchObject({ done: 3, skipped: 0 });
    expect(existsSync(`${output}.late`)).toBe(false);
  });

  it.skipIf(process.platform === "win32")("lets several runs write their failures to one device", async () => {
    const { input, output } = makeInput(range(2));
    const fail = (): never => {
      throw new Error("always");
    };
    const runs = ["1", "2"].map((name) =>
      runBatch({ input, output: `${output}.${name}`, failures: "/dev/null", run: fail }),
    );
    expect(await Promise.all(runs)).toMatchObject([{ failed: 2 }, { failed: 2 }]);
    await expect(runBatch({ input, output, failures: "/dev/full", run: fail })).rejects.toMatchObject({
      cause: { message: "Cannot write /dev/full as the disk is full: make room, then resume" },
    });
  });

  it("says in a sentence which file it cannot use", async () => {
    const { folder, input, output } = makeInput(range(3));
    await expect(runBatch({ input: `${input}.no`, output, run })).rejects.toMatchObject({
      message: `Cannot read ${input}.no as there is no such file`,
      code: "ENOENT",
    });
    const nowhere = join(folder, "no", "out.jsonl");
    await expect(runBatch({ input, output: nowhere, run })).rejects.toThrow("its folder does not exist: make it first");
    mkdirSync(join(folder, "sub"));
    await expect(runBatch({ input, output: join(folder, "sub"), run })).rejects.toThrow("as it is a folder");
  });

  it("is the only one to write an output and its failures", async () => {
    const { input, output } = makeInput(range(2));
    let letGo: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    let hasBegun: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => (hasBegun = resolve));
    const first = runBatch({
      input,
      output,
      run: async () => {
        hasBegun!();
        await gate;
      },
    });
    await begun;
    const same = { input, run, resume: true };
    await expect(runBatch({ ...same, output })).rejects.toMatchObject({ reason: "locked" });
    const failures = runBatch({ ...same, output: `${output}.2`, failures: `${output}.failures` });
    await expect(failures).rejects.toMatchObject({
      reason: "locked",
      problem: expect.stringContaining(`${process.pid}`),
    });
    letGo!();
    await first;
    expect(await runBatch({ ...same, output })).toMatchObject({ skipped: 2 });
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
