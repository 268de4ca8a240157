import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Swiftness } from "../../dist/host/swiftness.js";

const SWIFT = 0.05;
const BETWEEN = 0.2;
const SLOW = 0.5;
const PROOF = 4;

type Change = [method: number, isSwift: boolean];

function create(methods: number): { swiftness: Swiftness; changes: Change[] } {
  const changes: Change[] = [];
  const swiftness = new Swiftness(methods, (method, isSwift) => changes.push([method, isSwift]));
  return { swiftness, changes };
}

function record(swiftness: Swiftness, method: number, ...runs: number[]): void {
  for (const ran of runs) swiftness.record(method, ran);
}

describe("Swiftness", () => {
  it("takes no method for swift before it has proved to be", () => {
    const { swiftness, changes } = create(2);
    expect([swiftness.isSwift(0), swiftness.isSwift(1)]).toEqual([false, false]);
    record(swiftness, 0, SWIFT, SWIFT, SWIFT);
    expect(swiftness.isSwift(0)).toBe(false);
    expect(changes).toEqual([]);
    record(swiftness, 0, SWIFT);
    expect([swiftness.isSwift(0), swiftness.isSwift(1)]).toEqual([true, false]);
    expect(changes).toEqual([[0, true]]);
  });

  it("tells a change once, however long it lasts", () => {
    const { swiftness, changes } = create(1);
    record(swiftness, 0, ...Array.from({ length: 1000 }, () => SWIFT));
    expect(changes).toEqual([[0, true]]);
    record(swiftness, 0, SLOW, SLOW, SLOW);
    expect(changes).toEqual([
      [0, true],
      [0, false],
    ]);
  });

  it("is lost with a single slow run, and must be proved anew", () => {
    const { swiftness } = create(1);
    record(swiftness, 0, SWIFT, SWIFT, SWIFT, SLOW, SWIFT);
    expect(swiftness.isSwift(0)).toBe(false);
    record(swiftness, 0, SWIFT, SWIFT, SWIFT);
    expect(swiftness.isSwift(0)).toBe(true);
    record(swiftness, 0, SLOW);
    expect(swiftness.isSwift(0)).toBe(false);
    record(swiftness, 0, SWIFT, SWIFT, SWIFT);
    expect(swiftness.isSwift(0)).toBe(false);
  });

  it("is neither proved nor lost by a run in between, so that it does not flicker", () => {
    const { swiftness, changes } = create(1);
    record(swiftness, 0, SWIFT, BETWEEN, SWIFT, BETWEEN, SWIFT, BETWEEN);
    expect(swiftness.isSwift(0)).toBe(false);
    record(swiftness, 0, SWIFT);
    record(swiftness, 0, BETWEEN, BETWEEN);
    expect(swiftness.isSwift(0)).toBe(true);
    expect(changes).toHaveLength(1);
  });

  it("has its bounds at 0.1 and 0.25 ms", () => {
    const { swiftness } = create(1);
    record(swiftness, 0, 0.0999, 0.0999, 0.0999, 0.1);
    expect(swiftness.isSwift(0)).toBe(false);
    record(swiftness, 0, 0, 0.25);
    expect(swiftness.isSwift(0)).toBe(true);
    record(swiftness, 0, 0.2501);
    expect(swiftness.isSwift(0)).toBe(false);
  });

  it("tells each change, and only those, of any methods", () => {
    const run = fc.tuple(fc.nat({ max: 2 }), fc.constantFrom(SWIFT, SWIFT, SWIFT, SWIFT, BETWEEN, SLOW));
    fc.assert(
      fc.property(fc.array(run, { maxLength: 100, size: "max" }), (runs) => {
        const { swiftness, changes } = create(3);
        const expected: Change[] = [];
        for (const [at, [method, ran]] of runs.entries()) {
          const before = swiftness.isSwift(method);
          swiftness.record(method, ran);
          // The definition: since the last slow run there were four swift ones.
          const own = runs.slice(0, at + 1).flatMap(([other, took]) => (other === method ? [took] : []));
          const isSwift = own.slice(own.lastIndexOf(SLOW) + 1).filter((took) => took === SWIFT).length >= PROOF;
          expect(swiftness.isSwift(method)).toBe(isSwift);
          if (isSwift !== before) expected.push([method, isSwift]);
        }
        expect(changes).toEqual(expected);
      }),
    );
  });
});
