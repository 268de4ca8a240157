import {
  createReadStream,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import fc from "fast-check";
import { BatchRefusedError, runBatch } from "manyhands/batch";
import { describe, expect, it } from "vitest";
import { type Failure, makeInput, range, readLines } from "./folder.js";

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
      expect(readLines<Failure>(`${output}.failures`)).toHaveLength(10);
      isBroken = false;
      const summary = await runBatch({ input, output, run: flaky, resume: true, ordered });
      expect(summary).toMatchObject({ done: 9, failed: 1, skipped: 20 });
      expect(readLines<Failure>(`${output}.failures`).map(({ index }) => index)).toEqual([9]);
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

  it.skipIf(process.platform === "win32")(
    "merges into the file that a link leads to, and leaves its rights",
    async () => {
      const { folder, input, output: link } = makeInput(range(3));
      const file = join(folder, "kept.jsonl");
      writeFileSync(file, "", { mode: 0o640 });
      symlinkSync(file, link);
      const refuseFirst = (n: number): number => {
        if (n === 0) throw new Error("not now");
        return n;
      };
      await runBatch({ input, output: link, run: refuseFirst, ordered: true });
      await runBatch({ input, output: link, run, ordered: true, resume: true });
      expect(readLines(file)).toEqual(range(3).map((index) => ({ index, output: index })));
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
      expect(statSync(file).mode & 0o777).toBe(0o640);
    },
  );

  it("writes over its input by no name of it", async () => {
    const { input, output } = makeInput(range(3));
    linkSync(input, output);
    const text = readFileSync(input, "utf8");
    const refusal = `Cannot write ${output} as it is the input`;
    await expect(runBatch({ input, output, run, overwrite: true })).rejects.toThrow(refusal);
    const stream = createReadStream(input);
    await expect(runBatch({ input: stream, output, run, overwrite: true })).rejects.toThrow(refusal);
    const failures = runBatch({ input, output: `${output}.new`, failures: output, run, overwrite: true });
    await expect(failures).rejects.toThrow(refusal);
    expect(readFileSync(input, "utf8")).toBe(text);
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

  it.each([false, true])("finishes an output that is cut off anywhere, ordered: %s", async (ordered) => {
    const { input, output } = makeInput(range(12).map((n) => "ä".repeat(n)));
    const measure = (text: string): string => text;
    await runBatch({ input, output, ordered, run: measure });
    const whole = readFileSync(output);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), async (length) => {
        writeFileSync(output, whole.subarray(0, length));
        const kept = whole.subarray(0, length).filter((byte) => byte === 10).length;
        const refuse = (): never => {
          throw new Error("not today");
        };
        await runBatch({ input, output, ordered, resume: true, run: refuse });
        expect(readLines(output)).toHaveLength(kept);
        const { done, skipped } = await runBatch({ input, output, ordered, resume: true, run: measure });
        expect([done, skipped]).toEqual([12 - kept, kept]);
        expect(readFileSync(output).equals(whole)).toBe(true);
      }),
      { numRuns: 15 },
    );
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
