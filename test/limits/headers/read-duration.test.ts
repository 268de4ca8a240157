import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDuration } from "../../../dist/limits/headers/read-duration.js";

/** Whole ms as Go prints a duration: `1h2m3.5s`, `6m0s`, `12ms`. */
function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

describe("readDuration", () => {
  it.each([
    ["6m0s", 360_000],
    ["1h2m3.5s", 3_723_500],
    ["12ms", 12],
    ["1s", 1000],
    ["1d", 86_400_000],
    ["1d2h", 93_600_000],
    ["0s", 0],
    ["250us", 0.25],
    ["250µs", 0.25],
    ["-1m30s", -90_000],
  ])("reads %s as %d ms", (text, ms) => {
    expect(readDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each(["", "s", "12", "1.s", ".5s", "1 s", "1s ", "1s2", "1y", "1msm", "1M", "--1s", "1e3s", "∞s", "constructor"])(
    "does not read '%s'",
    (text) => {
      expect(readDuration(text)).toBeUndefined();
    },
  );

  it("reads back what Go prints", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 * 24 * 3_600_000 }), (ms) => {
        expect(readDuration(goDuration(ms))).toBeCloseTo(ms, 6);
      }),
    );
  });
});
