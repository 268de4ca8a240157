import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { layOut } from "../../dist/progress/layout.js";
import type { BarView } from "../../dist/progress/meter.js";
import { themeOf } from "../../dist/progress/theme.js";

const plain = themeOf({ ascii: false, colour: false });
const coloured = themeOf({ ascii: false, colour: true });
const ascii = themeOf({ ascii: true, colour: false });

function bar(changes: Partial<BarView> = {}): BarView {
  return {
    description: "Hashing files",
    unit: "files",
    total: 5678,
    done: 1234,
    failures: 0,
    ending: undefined,
    text: undefined,
    elapsed: 42_000,
    rate: 123.4,
    depth: 0,
    ...changes,
  };
}

const description = fc
  .array(fc.constantFrom("a", "Word ", "日本", "👩‍👩‍👧", "❤️", "e\u0301", "\n", "\u001B[31m", "🇩🇪", "-"), { maxLength: 20 })
  .map((pieces) => pieces.join(""));
const amount = fc.oneof(fc.integer({ min: 0, max: 10 ** 12 }), fc.double({ min: 0, max: 1e25, noNaN: true }));
const anyBar: fc.Arbitrary<BarView> = fc.record({
  description,
  unit: fc.constantFrom("", "files", "bytes", "日"),
  total: fc.option(amount, { nil: undefined }),
  done: amount,
  failures: fc.oneof(fc.constant(0), fc.nat(10_000)),
  ending: fc.constantFrom(undefined, "success" as const, "failure" as const, "stopped" as const),
  text: fc.option(description, { nil: undefined }),
  elapsed: fc.oneof(fc.nat(1e7), fc.double({ min: 0, max: 1e12, noNaN: true })),
  rate: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e15, noNaN: true })),
  depth: fc.nat(9),
});
const anyBars = fc.array(anyBar, { maxLength: 5 });
const anyWidth = fc.oneof(fc.nat(200), fc.nat(30));

/** Cells in a terminal that draws each part of an emoji. */
function widestOf(line: string): number {
  const text = stripVTControlCharacters(line);
  return Math.max(
    stringWidth(text),
    Array.from(text).reduce((sum, character) => sum + stringWidth(character), 0),
  );
}

describe("any bars, in any width,", () => {
  it("make a line each, that is no wider, tells no nonsense and has its bars in the same columns", () => {
    fc.assert(
      fc.property(anyBars, anyWidth, fc.constantFrom(plain, coloured, ascii), (views, columns, theme) => {
        const lines = layOut(views, columns, theme);
        expect(lines).toHaveLength(views.length);
        for (const line of lines) {
          expect(widestOf(line)).toBeLessThanOrEqual(columns);
          expect(stripVTControlCharacters(line)).not.toMatch(/NaN|Infinity|undefined|\p{Control}|\s$/u);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("are the same with colours as without", () => {
    fc.assert(
      fc.property(anyBars, anyWidth, (views, columns) => {
        const stripped = layOut(views, columns, coloured).map(stripVTControlCharacters);
        expect(stripped).toEqual(layOut(views, columns, plain));
      }),
    );
  });

  it("are drawn with ASCII only where that is asked for", () => {
    const simple = anyBars.map((views) =>
      views.map((view) => ({ ...view, description: "files", unit: "", text: undefined })),
    );
    fc.assert(
      fc.property(simple, anyWidth, (views, columns) => {
        for (const line of layOut(views, columns, ascii)) expect(line).toMatch(/^[\u0020-\u007e]*$/);
      }),
    );
  });
});

describe("a bar", () => {
  it.each([
    [119, "⠋ Hashing files ━━━━━━━━╸───────────────────────────────  21% 1,234/5,678 files   123/s 0:42 ETA 0:37"],
    [79, "⠋ Hashing files ━━━━╸──────────────────  21% 1,234/5,678 files   123/s ETA 0:37"],
    [60, "⠋ Hashing files ━━────────  21% 1,234/5,678   123/s ETA 0:37"],
    [50, "⠋ Hashing files ━━────────  21% 1.2k/5.7k ETA 0:37"],
    [39, "⠋ Hashing files ━╸───────  21% ETA 0:37"],
    [30, "⠋ Hashing files  21% ETA 0:37"],
    [20, "⠋ Hashing files  21%"],
    [12, "⠋ Hash…  21%"],
    [6, "⠋  21%"],
    [4, "⠋"],
    [0, ""],
  ])("in %d columns leaves out what matters least", (columns, line) => {
    expect(layOut([bar()], columns, plain)).toEqual([line]);
  });

  it("does not move while its numbers grow", () => {
    const starts = [0, 9, 99, 999, 5000].map((done) => {
      const [line] = layOut([bar({ done, rate: 20 + done })], 79, plain);
      return [line!.search(/[━─]/), line!.lastIndexOf("─"), line!.length];
    });
    expect(new Set(starts.map(String)).size).toBe(1);
  });

  it("tells how it ended, by its mark and its colour", () => {
    const line = (ending: "success" | "failure" | "stopped", failures = 0): string =>
      layOut([bar({ ending, failures })], 79, coloured)[0]!;
    expect(line("success").indexOf("\u001B[32m✓")).toBe(0);
    expect(line("success", 1).indexOf("\u001B[33m✓")).toBe(0);
    expect(line("failure").indexOf("\u001B[31m✗")).toBe(0);
    expect(line("stopped").indexOf("\u001B[33m■")).toBe(0);
  });

  it("says last what was said at its end, and makes room for it", () => {
    const view = bar({ ending: "failure", text: "connection reset by peer\nat once" });
    expect(layOut([view], 79, plain)).toEqual([
      "✗ Hashing files ━━━─────────── 21% 1,234/5,678 connection reset by peer at once",
    ]);
    expect(layOut([view], 60, plain)).toEqual(["✗ Hashing files 21% connection reset by peer at once"]);
    expect(layOut([view], 39, plain)).toEqual(["✗ Hashing files 21% connection reset b…"]);
  });

  it("whose total is unknown shows that something moves, and how much there is", () => {
    const at = (elapsed: number): string => layOut([bar({ total: undefined, elapsed, rate: 0 })], 60, ascii)[0]!;
    expect(at(0)).toBe("| Hashing files [####-------------] 1,234 files         0:00");
    expect(at(300)).toBe("\\ Hashing files [---####----------] 1,234 files         0:00");
    expect(layOut([bar({ total: undefined })], 12, plain)).toEqual(["⠋ Hash… 1.2k"]);
    const seen = Array.from({ length: 26 }, (_, frame) => at(frame * 100).indexOf("#"));
    expect([Math.min(...seen), Math.max(...seen)]).toEqual([17, 30]);
    expect(seen.at(-1)).toBe(seen[1]);
  });

  it("counts failures as long as there is room for them", () => {
    const view = bar({ failures: 12 });
    expect(layOut([view], 79, plain)[0]).toContain("12 failed");
    expect(layOut([bar({ failures: 200 })], 39, plain)).toEqual(["⠋ Hashing fil… ━────  21% ✗200 ETA 0:37"]);
    for (const columns of [39, 30, 20, 11]) expect(layOut([view], columns, plain)[0]).toContain("✗12");
  });
});

describe("several bars", () => {
  it("stand in the same columns, nested ones indented", () => {
    const views = [
      bar({ failures: 12 }),
      bar({ depth: 1, description: "a very long description of nested things", total: undefined }),
      bar({ description: "", done: 5678, ending: "success" }),
      bar({ description: "日本語フォルダ", ending: "failure", text: "disk full" }),
    ];
    expect(layOut(views, 79, plain)).toEqual([
      "⠋ Hashing files          ━━────────  21% 1,234/5,678 12 failed   123/s ETA 0:37",
      "  ⠋ a very long descrip… ────━━────            1,234             123/s     0:42",
      "✓                        ━━━━━━━━━━ 100% 5,678/5,678             123/s     0:42",
      "✗ 日本語フォルダ         ━━────────  21% 1,234/5,678           disk full",
    ]);
    expect(layOut(views, 39, plain)).toEqual([
      "⠋ Hashing files        21% ✗12 ETA 0:37",
      "  ⠋ a very long desc… 1.2k         0:42",
      "✓                     100%         0:42",
      "✗ 日本語フォルダ 21% disk full",
    ]);
  });
});
