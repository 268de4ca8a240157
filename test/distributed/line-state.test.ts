import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame, type Frame } from "../../dist/distributed/line/frame.js";
import { PeerLine } from "../../dist/distributed/line/peer-line.js";
import { isDelivered, SentLog } from "../../dist/distributed/line/sent-log.js";
import { record } from "./line-traffic.js";

/** One end of a line without a broker: what `Party` does with its state. */
class End {
  readonly id: string;
  readonly line: PeerLine;
  /** How many breaks this end had seen when it said, or heard, a text. */
  readonly said = new Map<string, number>();
  readonly heard = new Map<string, number>();
  breaks = 0;
  /** The inbox of the other end, as far as it was not read. */
  readonly out: Frame[] = [];
  #ids = 0;

  constructor(id: string, peer: string) {
    this.id = id;
    this.line = new PeerLine(peer);
  }

  depart(withSync = false): void {
    const flight = this.line.depart(this.id, 0, withSync && this.line.needsSync);
    if (flight === undefined) return;
    this.out.push(decodeFrame(flight.bytes));
    this.line.arrived(`${(this.#ids += 1)}-0`, 0);
  }

  giveUp(greets: boolean, session = this.line.session + 1): void {
    if (this.line.isUsed) this.breaks += 1;
    this.line.restart(session, greets);
  }

  take(frame: Frame): void {
    let verdict = this.line.accept(frame);
    if (verdict === "anew") {
      this.giveUp(false, frame.session);
      verdict = this.line.accept(frame);
    }
    if (verdict === "gap") {
      this.breaks += 1;
      this.line.restart(this.line.session + 1, true);
    }
    if (verdict !== "taken") return;
    for (const { payload } of frame.records) {
      const text = Buffer.from(payload).toString();
      expect(this.heard.has(text)).toBe(false);
      this.heard.set(text, this.breaks);
    }
  }

  say(text: string): void {
    this.said.set(text, this.breaks);
    this.line.push(record(text));
  }
}

describe("the state of a line", () => {
  it("never skips a record within what is unbroken, and agrees with the other end in the end", () => {
    const step = fc.record({
      end: fc.nat(1),
      what: fc.constantFrom("say", "say", "depart", "read", "read", "lose", "copy", "give up"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ends = [new End("a", "b"), new End("b", "a")] as const;
        for (const { end, what } of steps) {
          const self = ends[end]!;
          if (what === "say") self.say(String(self.said.size));
          if (what === "depart") self.depart();
          if (what === "lose") self.out.pop();
          if (what === "copy" && self.out.length > 0) self.out.push(self.out[0]!);
          if (what === "give up") self.giveUp(true);
          const frame = what === "read" ? self.out.shift() : undefined;
          if (frame) ends[1 - end]!.take(frame);
        }
        // What is left is exchanged, with the syncs of idle lines.
        for (let round = 0; round < 8; round += 1) {
          for (const [at, self] of ends.entries()) {
            self.depart();
            self.depart(true);
            for (const frame of self.out.splice(0)) ends[1 - at]!.take(frame);
          }
        }
        expect(ends[0].line.session).toBe(ends[1].line.session);
        for (const [at, self] of ends.entries()) {
          const other = ends[1 - at]!;
          const heard = [...other.heard.keys()].map(Number);
          expect(heard).toEqual(heard.toSorted((one, two) => one - two));
          for (const [text, before] of self.said) {
            const isBroken = self.breaks > before;
            const heardAt = other.heard.get(text);
            // P1: it arrived, or its sender was told; and both sides think the same of what arrived.
            if (heardAt === undefined) expect(isBroken).toBe(true);
            else expect(other.breaks > heardAt).toBe(isBroken);
          }
        }
        ends[0].say("after all");
        ends[0].depart();
        ends[1].take(ends[0].out[0]!);
        expect(ends[1].heard.get("after all")).toBe(ends[1].breaks);
      }),
      { numRuns: 300 },
    );
  });

  it("counts what was perhaps sent as perhaps received", () => {
    const line = new PeerLine("b");
    line.push(record("1"));
    line.depart("a", 0, false);
    line.arrived("5-0", 0);
    line.push(record("2"));
    const flight = line.depart("a", 0, false)!;
    // It is not handed to a connection yet.
    expect(line.reached("9-0")).toBe(1);
    flight.sentAt = 0;
    expect([line.reached("4-9"), line.reached("5-0"), line.reached("5-1")]).toEqual([0, 1, 2]);
    flight.isDoubtful = true;
    line.arrived("8-0", 0);
    // Its first copy may stand anywhere after 5-0.
    expect([line.reached("5-0"), line.reached("6-0"), line.reached("8-0")]).toEqual([1, 2, 2]);
    line.push(record("3"));
    line.push(record("4"));
    line.depart("a", 0, false)!.sentAt = 0;
    line.restart(2, true);
    expect([line.reached("8-0"), line.reached("8-1")]).toEqual([2, 4]);
  });

  it("keeps no more than it must to know what was received", () => {
    const log = new SentLog();
    for (let number = 1; number <= 70_000; number += 1) {
      log.add({ number, id: `${number}-0`, isAfter: false, position: number });
    }
    expect([log.reached("69999-5"), log.reached("0-0")]).toEqual([69_999, 70_000 - 65_536]);
    log.taken(69_000);
    expect([log.reached("0-0"), log.reached("69001-0")]).toEqual([69_000, 69_001]);
    log.restart();
    log.taken(5);
    expect(log.reached("0-0")).toBe(70_000);
  });

  it("compares ids by both of their numbers", () => {
    expect(isDelivered("9-0", false, "10-0")).toBe(true);
    expect(isDelivered("10-9", false, "10-10")).toBe(true);
    expect(isDelivered("10-10", false, "10-10")).toBe(true);
    expect(isDelivered("10-10", true, "10-10")).toBe(false);
    expect(isDelivered("10-11", false, "10-10")).toBe(false);
  });

  it("fills frames up to a megabyte, and lets a larger record travel alone", () => {
    const line = new PeerLine("b");
    const sizes = [400_000, 400_000, 400_000, 3_000_000, 10];
    for (const size of sizes) line.push({ link: "l", kind: 0, payload: new Uint8Array(size) });
    const counts: number[] = [];
    for (;;) {
      const flight = line.depart("a", 0, false);
      if (flight === undefined) break;
      counts.push(flight.count);
      line.arrived("1-0", 0);
    }
    expect(counts).toEqual([2, 1, 1, 1]);
    expect(line.unsent).toBe(0);
  });
});

describe("a frame", () => {
  it("is read as it was written, and refused when it is cut", () => {
    const number = fc.maxSafeNat();
    const head = fc.record({ from: fc.string(), session: number, number, taken: number, isSync: fc.boolean() });
    const link = fc.oneof(fc.constantFrom("a", "", "ä€𝄞"), fc.string({ unit: fc.constantFrom("a", "é", "€", "𝄞") }));
    const part = fc.record({ link, kind: fc.nat(), payload: fc.uint8Array({ maxLength: 50 }) });
    fc.assert(
      fc.property(head, fc.array(part), (start, records) => {
        const bytes = encodeFrame(start, records);
        const { records: read, ...rest } = decodeFrame(bytes);
        expect(rest).toEqual(start);
        expect(read.map((one) => ({ ...one, payload: new Uint8Array(one.payload) }))).toEqual(records);
        if (records.length > 0) expect(() => decodeFrame(bytes.subarray(0, -1))).toThrow(RangeError);
      }),
      { numRuns: 50 },
    );
  });
});
