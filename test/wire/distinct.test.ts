import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Distinct } from "../../dist/wire/distinct.js";

/** Every object reachable from a value. */
function objectsOf(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  found.add(value);
  if (value instanceof Map || value instanceof Set) {
    for (const pair of value.entries()) for (const part of pair) objectsOf(part, found);
  }
  if (ArrayBuffer.isView(value)) objectsOf(value.buffer, found);
  else for (const part of Object.values(value)) objectsOf(part, found);
  return found;
}

describe("Distinct", () => {
  it("lets no two entries of a message share an object, and keeps their values", () => {
    const shared = [{ a: 1 }, [1, [2]], new Map([["k", { v: 1 }]]), new Set([{ s: 1 }]), new Uint8Array(4)];
    const entry = fc.array(
      fc.oneof(
        fc.integer(),
        fc.nat(shared.length - 1).map((index) => shared[index]),
        fc.nat(shared.length - 1).map((index) => ({ nested: [shared[index]] })),
        fc.object({ maxDepth: 2 }),
      ),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const distinct = new Distinct();
        const sent = entries.map((values) => distinct.keepApart(values));
        expect(sent).toEqual(entries);
        const seen = new Set<object>();
        for (const values of sent) {
          const own = new Set(values.flatMap((value) => [...objectsOf(value)]));
          for (const object of own) expect(seen.has(object)).toBe(false);
          for (const object of own) seen.add(object);
        }
      }),
    );
  });

  it("copies nothing that is not shared, and nothing across messages", () => {
    const distinct = new Distinct();
    const [a, b] = [[{ n: 1 }], [{ n: 1 }]];
    expect(distinct.keepApart(a)).toBe(a);
    expect(distinct.keepApart(b)).toBe(b);
    distinct.reset();
    expect(distinct.keepApart(a)).toBe(a);
    const memory = [new SharedArrayBuffer(4)];
    expect(distinct.keepApart(memory)).toBe(memory);
    expect(distinct.keepApart(memory)).toBe(memory);
  });

  it("ends with values that contain themselves", () => {
    const distinct = new Distinct();
    const round: unknown[] = [];
    round.push(round);
    distinct.keepApart([round]);
    const copy = distinct.keepApart([round]) as unknown[][];
    expect(copy[0]).not.toBe(round);
    expect(copy[0]![0]).toBe(copy[0]);
  });
});
