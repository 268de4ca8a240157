import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amountText, clockText, exact, leftText, percentOf, rateText, scaled } from "../../dist/progress/figures.js";

describe("figures", () => {
  it.each([
    [0, "0", "0"],
    [999, "999", "999"],
    [1000, "1,000", "1.0k"],
    [99_949, "99,949", "99.9k"],
    [99_950, "99,950", "100k"],
    [999_499, "999,499", "999k"],
    [999_500, "999,500", "1.0M"],
    [1_234_567_890, "1,234,567,890", "1.2G"],
    [12.34, "12.3", "12.3"],
  ])("%d is %s or, in short, %s", (value, long, short) => {
    expect([exact(value), scaled(value)]).toEqual([long, short]);
  });

  it("are short for any number", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true, max: 1e300 }), (value) => {
        expect(scaled(value).length).toBeLessThanOrEqual(value < 1e21 ? 5 : 6);
        expect(scaled(value)).toMatch(/^\d+(\.\d)?[kMGTPE]?$|^\de\+\d+$/);
      }),
    );
  });

  it.each([
    [12_345, "12.3k/s"],
    [4.21, "4.2/s"],
    [4, "4/s"],
    [0.5, "30/min"],
    [1 / 60, "1/min"],
    [1 / 600, "6/h"],
    [0, ""],
  ])("tell a rate of %d per second as %s", (rate, text) => {
    expect(rateText(rate, "files")).toBe(text);
  });

  it("write bytes with their own scale", () => {
    expect(amountText(1_500_000, 50_000_000, "bytes", false)).toBe("1.5 MB/50.0 MB");
    expect(amountText(512, undefined, "bytes", true)).toBe("512 B");
    expect(rateText(22_700_000, "bytes")).toBe("22.7 MB/s");
  });

  it.each([
    [0, "0:00"],
    [59_999, "0:59"],
    [60_000, "1:00"],
    [3_599_999, "59:59"],
    [3_600_000, "1:00:00"],
    [86_399_999, "23:59:59"],
    [86_400_000 * 3 + 3_600_000 * 4, "3d 4h"],
    [Number.POSITIVE_INFINITY, ">99d"],
  ])("tell %d ms as %s", (ms, text) => {
    expect(clockText(ms)).toBe(text);
  });

  it("tell what is left, rounded up, and admit when nobody knows", () => {
    expect([leftText(10, 20, 3), leftText(10, 20, 0), leftText(20, 20, 0), leftText(30, 20, 1)]).toEqual([
      "0:04",
      "-:--",
      "0:00",
      "0:00",
    ]);
  });

  it("say 100 % only when all is done", () => {
    expect([percentOf(0, 3), percentOf(2, 3), percentOf(999_999, 1_000_000), percentOf(3, 3)]).toEqual([
      0, 66, 99, 100,
    ]);
    expect([percentOf(4, 3), percentOf(0, 0)]).toEqual([100, 100]);
  });
});
