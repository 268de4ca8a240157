import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineReader, UnreadableLine } from "../../dist/batch/line-reader.js";

function read(chunks: readonly Uint8Array[], longest = 1_000_000): (string | UnreadableLine)[] {
  const reader = new LineReader(longest);
  const lines: (string | UnreadableLine)[] = [];
  const drain = (): void => {
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      expect(reader.index).toBe(lines.length);
      lines.push(line);
    }
  };
  for (const chunk of chunks) {
    reader.push(chunk);
    // The memory of a chunk is used again.
    chunk.fill(0);
    drain();
  }
  reader.end();
  drain();
  return lines;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((start, index) => bytes.slice(start, ends[index] ?? bytes.length));
}

const places = fc.array(fc.nat(1000), { maxLength: 30 });

describe("LineReader", () => {
  it("gives the same lines however the bytes are cut", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\n", ""));
    fc.assert(
      fc.property(fc.array(line), fc.boolean(), places, (lines, hasLastBreak, at) => {
        const whole = lines.length > 0 && lines.at(-1) !== "" ? hasLastBreak : true;
        // Leading bytes that would be taken for a mark are tested below.
        fc.pre(!lines[0]?.startsWith("\uFEFF"));
        const text = lines.map((one) => `${one}\n`).join("");
        const bytes = Buffer.from(whole ? text : text.slice(0, -1));
        expect(read(cut(bytes, at))).toEqual(lines);
      }),
    );
  });

  it("gives bytes that are no UTF-8 as lines that cannot be read, and all others as they are", () => {
    const line = fc.oneof(fc.constant("gräß 🙂"), fc.constant("plain"), fc.constant(undefined));
    fc.assert(
      fc.property(fc.array(line), places, (lines, at) => {
        const bytes = Buffer.concat(
          lines.map((one) => (one === undefined ? Buffer.from([0x61, 0xc3, 0x28, 10]) : Buffer.from(`${one}\n`))),
        );
        const found = read(cut(bytes, at));
        expect(found.map((one) => (typeof one === "string" ? one : undefined))).toEqual(lines);
        for (const one of found) if (typeof one !== "string") expect(one.reason).toBe("it is not UTF-8");
      }),
    );
  });

  it("does not keep a line that is too long, and reads on after it", () => {
    fc.assert(
      fc.property(places, (at) => {
        const bytes = Buffer.from(`short\n${"x".repeat(200)}\nafter\n${"y".repeat(101)}`);
        const found = read(cut(bytes, at), 100);
        const tooLong = new UnreadableLine("it is longer than 100 bytes");
        expect(found).toEqual(["short", tooLong, "after", tooLong]);
      }),
    );
  });

  it.each([[[]], [[1]], [[1, 2]], [[1, 2, 3]]])("leaves out a byte order mark, cut at %j", (at) => {
    expect(read(cut(Buffer.from("\uFEFF1\n2"), at))).toEqual(["1", "2"]);
  });

  it("takes time in proportion to the lines, also where none can be decoded", () => {
    const reader = new LineReader(100);
    const lines = 200_000;
    reader.push(Buffer.from("\xe9\n".repeat(lines), "latin1"));
    let count = 0;
    while (reader.next() !== undefined) count += 1;
    expect(count).toBe(lines);
  });

  it("refuses what is UTF-16 or compressed", () => {
    expect(() => read([Buffer.from("\uFEFF1\n", "utf16le")])).toThrow("it is UTF-16: save it as UTF-8");
    expect(() => read([Buffer.from([0x1f]), Buffer.from([0x8b, 8, 0])])).toThrow("it is compressed: unpack it first");
  });

  it("gives nothing for nothing", () => {
    expect(read([])).toEqual([]);
    expect(read([Buffer.from("\uFEFF")])).toEqual([]);
    expect(read([Buffer.from("1")])).toEqual(["1"]);
  });
});
