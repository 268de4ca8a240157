import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { displayWidth, oneLine, truncate, unjoinedWidth } from "../../dist/progress/display-width.js";

const PIECES = [
  "a",
  "Z",
  "9",
  " ",
  "-",
  "é",
  "e\u0301",
  "日",
  "本",
  "フ",
  "ｶ",
  "ｶﾞ",
  "한",
  "Ａ",
  "\u{20bb7}",
  "👍",
  "👍🏽",
  "❤️",
  "❤",
  "1️⃣",
  "🇩🇪",
  "👩‍👩‍👧",
  "🏳️‍🌈",
  "\u200b",
  "ก็",
  "नि",
  "━",
  "✓",
  "…",
  "\u1100\u1161\u11a8",
];
const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join(""));

describe("displayWidth", () => {
  it("agrees with string-width, for any text of these pieces", () => {
    const agree = (sample: string): void => {
      expect([sample, displayWidth(sample)]).toEqual([sample, stringWidth(sample)]);
    };
    fc.assert(fc.property(text, agree));
  });

  it("agrees with string-width, for many characters of all kinds", () => {
    const different: string[] = [];
    for (let code = 32; code <= 0x3ffff; code += 211) {
      const character = String.fromCodePoint(code);
      if (/[\p{Unassigned}\p{Surrogate}\p{Private_Use}]/u.test(character)) continue;
      if (displayWidth(character) !== stringWidth(character)) different.push(code.toString(16));
    }
    expect(different).toEqual([]);
  });

  it("knows what terminals that join no emoji draw", () => {
    expect([unjoinedWidth("plain"), unjoinedWidth("日本"), unjoinedWidth("👩‍👩‍👧!"), unjoinedWidth("👍🏽")]).toEqual([
      0, 0, 4, 2,
    ]);
  });
});

describe("truncate", () => {
  it("fits, and keeps a beginning that cuts no character", () => {
    fc.assert(
      fc.property(text, fc.nat(20), (sample, width) => {
        const short = truncate(sample, width, "…");
        expect(displayWidth(short)).toBeLessThanOrEqual(width);
        if (displayWidth(sample) <= width || width === 0) {
          expect(short).toBe(width === 0 ? short : sample);
          return;
        }
        const kept = [...new Intl.Segmenter().segment(short.slice(0, -1))].map(({ segment }) => segment);
        const all = [...new Intl.Segmenter().segment(sample)].map(({ segment }) => segment);
        expect(short.at(-1)).toBe("…");
        expect(all.slice(0, kept.length)).toEqual(kept);
      }),
    );
  });

  it("takes as much as there is room for", () => {
    expect(truncate("日本語フォルダ", 8, "…")).toBe("日本語…");
    expect(truncate("a long name", 8, "...")).toBe("a lon...");
    expect(truncate("a long name", 2, "...")).toBe("");
  });
});

describe("oneLine", () => {
  it("leaves nothing that moves the cursor or changes colours", () => {
    expect(oneLine("a\u001B[31mred\u001B[0m\tb\r\nc\u2028d\u0007")).toBe("ared b c d ");
  });

  it("gives any text a single line", () => {
    const check = (sample: string): void => {
      expect(oneLine(sample)).not.toMatch(/[\p{Control}\u2028\u2029]/u);
    };
    const anything = fc.array(fc.nat(0x10ffff)).map((codes) => String.fromCodePoint(...codes));
    fc.assert(fc.property(anything, check));
  });
});
