import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closest } from "../../dist/config/closest.js";

/** Levenshtein's distance straight from its definition. */
function distance(a: string, b: string, known = new Map<string, number>()): number {
  if (a === "" || b === "") return a.length + b.length;
  const key = `${a.length},${b.length}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  const result =
    a[0] === b[0]
      ? distance(restA, restB, known)
      : 1 + Math.min(distance(restA, b, known), distance(a, restB, known), distance(restA, restB, known));
  known.set(key, result);
  return result;
}

const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "A", "B"), maxLength: 12 });

describe("closest", () => {
  it.each([
    ["concurency", "concurrency"],
    ["maxWorker", "maxWorkers"],
    ["MAXWORKERS", "maxWorkers"],
    ["timeOut", "timeout"],
    ["treads", "thread"],
    ["tiemout", "timeout"],
  ])("takes %s for %s", (misspelt, meant) => {
    expect(closest(misspelt, ["mode", "concurrency", "maxWorkers", "timeout", "thread"])).toBe(meant);
  });

  it("has no suggestion for a word that resembles none", () => {
    expect(closest("elephant", ["mode", "concurrency", "timeout"])).toBeUndefined();
    expect(closest("mode", [])).toBeUndefined();
  });

  it("takes the first of several that are as near", () => {
    expect(closest("cat", ["bat", "hat", "cab"])).toBe("bat");
  });

  it("prefers what differs in case alone", () => {
    expect(closest("Mode", ["mods", "mode"])).toBe("mode");
  });

  it("returns the nearest candidate of at most a third of the word's length, and two, away", () => {
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 8 }), (misspelt, candidates) => {
        const limit = Math.max(2, Math.floor(misspelt.length / 3));
        const distances = candidates.map((candidate) => distance(misspelt.toLowerCase(), candidate.toLowerCase()));
        const least = Math.min(...distances);
        const expected = least <= limit ? candidates[distances.indexOf(least)] : undefined;
        expect(closest(misspelt, candidates)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});
