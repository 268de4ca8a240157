import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EntryBuffer, entryBytes, EntryReader } from "../../../dist/wire/codec/entry-buffer.js";
import { same } from "./same.js";

const bad = (): void => {};

describe("EntryBuffer and EntryReader", () => {
  it("carry entries of both encodings in order, and leave out those that cannot be sent", () => {
    const cyclic: unknown[] = [1];
    cyclic.push(cyclic);
    const entry = fc.oneof(
      fc.array(fc.anything({ withDate: true, withMap: true, withBigInt: true }), { maxLength: 4 }),
      fc.constantFrom<unknown[]>([new Error("no")], [cyclic], [bad], [{ a: bad }], ["x".repeat(5000)]),
    );
    const [buffer, reader] = [new EntryBuffer("own", undefined, 4), new EntryReader()];
    fc.assert(
      fc.property(fc.array(fc.tuple(entry, fc.boolean()), { maxLength: 20 }), (steps) => {
        let expected: unknown[] = [];
        for (const [values, isTaken] of steps) {
          if (canClone(values)) {
            buffer.put(values);
            expected.push(...structuredClone(values));
          } else {
            expect(() => buffer.put(values)).toThrow(/could not be cloned/);
          }
          if (!isTaken) continue;
          const taken = buffer.take();
          expect(same(reader.read(taken.subarray(4)), expected)).toBe(true);
          buffer.giveBack(taken);
          expected = [];
        }
        expect(same(reader.read(buffer.take().subarray(4)), expected)).toBe(true);
        expect(buffer.isEmpty).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("put what a getter puts before what it is a part of, and lose nothing that it takes", () => {
    const [buffer, reader] = [new EntryBuffer(), new EntryReader()];
    const taken: unknown[] = [];
    let times = 0;
    const take = (): void => void taken.push(...reader.read(buffer.take()));
    const disturbing = (disturb: () => void): object => ({
      a: 1,
      get b() {
        if (times++ === 0) disturb();
        return 2;
      },
    });
    const tries: [disturb: () => void, before: unknown[]][] = [
      [() => buffer.put([{ inner: 1 }]), [{ inner: 1 }]],
      [take, []],
      [() => (buffer.put([{ inner: 2 }]), take()), [{ inner: 2 }]],
      [() => expect(() => buffer.put([bad])).toThrow(), []],
    ];
    for (const [disturb, before] of tries) {
      times = 0;
      buffer.put([{ first: 1 }]);
      buffer.put([disturbing(disturb)]);
      buffer.put([{ a: 3, b: 4 }]);
      take();
      expect(taken.splice(0)).toEqual([{ first: 1 }, ...before, { a: 1, b: 2 }, { a: 3, b: 4 }]);
    }
  });

  it("refuse what is larger than the limit, in each encoding", () => {
    for (const buffer of [new EntryBuffer("own", 1000), new EntryBuffer("v8", 1000)]) {
      expect(() => buffer.put(["x".repeat(2000)])).toThrow(RangeError);
      expect(() => buffer.put([new Error("x".repeat(2000))])).toThrow(RangeError);
      for (let count = 0; count < 20; count += 1) buffer.put(["y".repeat(500)]);
      expect(new EntryReader().read(buffer.take())).toHaveLength(20);
    }
  });

  it("end what is damaged with an error", () => {
    const bytes = entryBytes([{ a: [1, "two"] }]);
    for (let end = 1; end < bytes.length; end += 1) {
      expect(() => new EntryReader().read(bytes.subarray(0, end))).toThrow();
    }
  });
});

function canClone(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
