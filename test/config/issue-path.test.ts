import { createContext, runInContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { issuePath } from "../../dist/config/issue-path.js";
import type { PathSegment } from "../../dist/config/standard-schema.js";

const key = fc.oneof(
  fc.nat(),
  fc.string({ maxLength: 64 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("text", "content-type", "0", "a b", '"', "\\", "", "\u2028", "über", "𝒳"),
);

describe("issuePath", () => {
  it.each<[segments: readonly PathSegment[], path: string]>([
    [[], "args"],
    [[0, "text"], "args[0].text"],
    [[{ key: 0 }, { key: "text" }], "args[0].text"],
    [["content-type"], 'args["content-type"]'],
    [["0"], 'args["0"]'],
    [[Symbol("id")], "args[Symbol(id)]"],
    [[{ key: Symbol() }], "args[Symbol()]"],
    [
      [{ key: { secret: 1 } } as never, { key: null } as never, {} as never, null as never],
      "args[object][null][undefined][null]",
    ],
  ])("prints %o as %s", (segments, path) => {
    expect(issuePath("args", segments)).toBe(path);
  });

  it("is the code that reads the part", () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 6 }), fc.boolean(), (keys, isWrapped) => {
        const leaf = {};
        const root = keys.reduceRight<object>((inner, name) => Object.fromEntries([[name, inner]]), leaf);
        const path = issuePath("root", isWrapped ? keys.map((name) => ({ key: name })) : keys);
        expect(runInContext(path, createContext({ root }))).toBe(leaf);
      }),
      { numRuns: 200 },
    );
  });

  it("cuts long keys and deep paths", () => {
    expect(issuePath("args", ["x".repeat(1000)])).toBe(`args["${"x".repeat(64)}…"]`);
    expect(issuePath("args", [Symbol("x".repeat(1000))])).toBe(`args[Symbol(${"x".repeat(64)}…)]`);
    expect(
      issuePath(
        "args",
        Array.from({ length: 50 }, () => 7),
      ),
    ).toBe(`args${"[7]".repeat(50)}`);
    expect(
      issuePath(
        "args",
        Array.from({ length: 51 }, () => 7),
      ),
    ).toBe(`args${"[7]".repeat(50)}…`);
  });
});
