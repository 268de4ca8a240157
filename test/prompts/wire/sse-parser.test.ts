import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ServerSentEvent, SseParser } from "../../../dist/prompts/wire/sse-parser.js";

function parse(...pieces: readonly (string | Uint8Array)[]): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const parser = new SseParser((event) => events.push(event));
  for (const piece of pieces) parser.push(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  parser.end();
  return events;
}

const plain = (...data: readonly string[]): ServerSentEvent[] => data.map((one) => ({ event: undefined, data: one }));

describe("SseParser", () => {
  it.each([
    ["LF", "data: a\n\ndata: b\n\n", plain("a", "b")],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", plain("a", "b")],
    ["CR", "data: a\r\rdata: b\r\r", plain("a", "b")],
    ["no space, and only one taken", "data:a\n\ndata:  b\n\n", plain("a", " b")],
    ["comments and fields of no interest", ": ping\n\nid: 1\nretry: 5\ndata: a\n: x\n\n", plain("a")],
    ["several lines", "data: a\ndata\ndata: b\n\n", plain("a\n\nb")],
    ["a byte order mark", "\uFEFFdata: a\n\n", plain("a")],
    ["a name", "event: done\ndata: a\n\ndata: b\n\n", [{ event: "done", data: "a" }, ...plain("b")]],
    ["a name without data", "event: done\n\ndata: a\n\n", plain("a")],
    ["no empty line at the end", "data: a\n\ndata: [DONE]", plain("a", "[DONE]")],
    ["a colon in data", 'data: {"a":1}\n\n', plain('{"a":1}')],
  ])("reads %s", (_, text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it("reads the same events, wherever the bytes are split", () => {
    const line = fc.constantFrom(
      "data: ä€😀",
      "data:x",
      ": note",
      "event: e",
      "data",
      "",
      "",
      "id: 1",
      "data: \u2028z",
      "\uFEFF",
    );
    const text = fc
      .array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r")), { maxLength: 20 })
      .map((lines) => lines.flat().join(""));
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 12 }), (whole, cuts) => {
        const bytes = new TextEncoder().encode(whole);
        const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        expect(parse(...pieces)).toEqual(parse(bytes));
      }),
      { numRuns: 150 },
    );
    // Every single place of one text that has all of it.
    const all = new TextEncoder().encode("\uFEFFdata: 😀\r\n\r\nevent: é\rdata: a\n\n: c\r\ndata: b\rdata: c\r\n\r\n");
    for (let cut = 0; cut <= all.length; cut += 1) {
      expect(parse(all.subarray(0, cut), all.subarray(cut))).toEqual(parse(all));
    }
    expect(parse(all)).toHaveLength(3);
  });

  it("takes a long line in many pieces in time that grows with it only", () => {
    // With the line searched anew for each piece, this would take minutes.
    const piece = "x".repeat(100);
    const [found] = parse("data: ", ...Array.from({ length: 10_000 }, () => piece), "\n\n");
    expect(found?.data).toHaveLength(1_000_000);
  });
});
