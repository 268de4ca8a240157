import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanOutput } from "../../dist/batch/output-scanner.js";
import { makeFolder } from "./folder.js";

interface Scanned {
  readonly indices: number[];
  readonly starts: number[];
  readonly end: number;
}

async function scan(path: string): Promise<Scanned> {
  const all: { indices: number[]; starts: number[]; end: number } = { indices: [], starts: [], end: 0 };
  for await (const { count, indices, starts, end } of scanOutput(path)) {
    all.indices.push(...indices.subarray(0, count));
    all.starts.push(...starts.subarray(0, count));
    all.end = end;
  }
  return all;
}

describe("scanOutput", () => {
  it("finds every whole line of a file that is torn anywhere", async () => {
    const path = join(makeFolder(), "out.jsonl");
    const item = fc.record({ index: fc.nat(Number.MAX_SAFE_INTEGER), output: fc.jsonValue() });
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 20 }), fc.nat(), async (items, place) => {
        const lines = items.map((one) => Buffer.from(`${JSON.stringify(one)}\n`));
        const bytes = Buffer.concat(lines);
        const kept = bytes.subarray(0, place % (bytes.length + 1));
        writeFileSync(path, kept);
        const { indices, starts, end } = await scan(path);
        const whole = kept.toString("latin1").split("\n").length - 1;
        expect(indices).toEqual(items.slice(0, whole).map(({ index }) => index));
        expect(end).toBe(kept.lastIndexOf(10) + 1);
        let start = 0;
        expect(starts).toEqual(lines.slice(0, whole).map(({ length }) => (start += length) - length));
      }),
      { numRuns: 25 },
    );
  });

  it("finds lines that lie across the chunks it reads, long ones too", async () => {
    const path = join(makeFolder(), "out.jsonl");
    const sizes = [1, 1_048_540, 3_000_000, 0, 1_048_576 - 30, 5, 2_097_152];
    const lines = sizes.map((size, index) => `{"index":${index},"output":"${"x".repeat(size)}"}\n`);
    writeFileSync(path, lines.join(""));
    expect((await scan(path)).indices).toEqual(sizes.map((_, index) => index));
  });

  it("takes lines that an editor has given carriage returns", async () => {
    const path = join(makeFolder(), "out.jsonl");
    writeFileSync(path, '{"index":4,"output":1}\r\n{"index":5,"output":1}\r\n');
    expect((await scan(path)).indices).toEqual([4, 5]);
  });

  it("finds nothing where there is no file", async () => {
    expect(await scan(join(makeFolder(), "none"))).toEqual({ indices: [], starts: [], end: 0 });
  });

  it.each([
    ["another key first", '{"id":1,"output":2}\n'],
    ["no number", '{"index":"1","output":2}\n'],
    ["a number that is too large", '{"index":99999999999999999,"output":2}\n'],
    ["no end", '{"index":1,"output":2\n'],
    ["nothing in it", "\n"],
    ["the index alone", '{"index":1}\n'],
  ])("refuses a line with %s, and names it", async (_, line) => {
    const path = join(makeFolder(), "out.jsonl");
    writeFileSync(path, `{"index":0,"output":"a"}\n${line}{"index":2,"output":"a"}\n`);
    await expect(scan(path)).rejects.toMatchObject({
      reason: "unreadable",
      problem: `Cannot resume ${path} as its line 2 is not one of a batch`,
    });
  });

  it("takes for torn only what may be the beginning of a line", async () => {
    const path = join(makeFolder(), "out.jsonl");
    writeFileSync(path, "# my notes, without a line break");
    await expect(scan(path)).rejects.toMatchObject({ reason: "unreadable" });
    // What a power cut may leave.
    writeFileSync(path, Buffer.alloc(5000));
    expect(await scan(path)).toEqual({ indices: [], starts: [], end: 0 });
  });
});
