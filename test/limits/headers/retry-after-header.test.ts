import { describe, expect, it } from "vitest";
import { type HeadersLike, readHeaders } from "../../../dist/limits/headers/read-headers.js";

const NOW = Date.parse("2024-03-26T19:59:59Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;

function retryAfterIn(headers: HeadersLike): number | undefined {
  return readHeaders(headers, NOW).retryAfter;
}

describe("retryAfterHeader", () => {
  it.each([
    ["120", 2 * MINUTE],
    ["0", 0],
    ["0.5", 500],
    ["-5", 0],
    ["Tue, 26 Mar 2024 20:00:00 GMT", SECOND],
    ["Tue, 26 Mar 2024 19:00:00 GMT", 0],
    ["26 Mar 2024 20:00:00 GMT", SECOND],
    ["2024-03-26T20:00:00Z", SECOND],
    ["2024-03-26t20:00:00.250z", 1250],
    ["2024-03-26 21:00:00+01:00", SECOND],
    ["1, 30, 2", 30 * SECOND],
    ["1,30,Tue, 26 Mar 2024 20:00:59 GMT,2", MINUTE],
    ["soon, 3", 3 * SECOND],
    [String(NOW / 1000 + 3), 3 * SECOND],
    // Days beyond one count as one, more than a month as a mistake.
    [String(24 * 3600 + 1), 24 * 60 * MINUTE],
    [String(31 * 24 * 3600), 24 * 60 * MINUTE],
    ["1000000001", 0],
    ["1000000000001", 0],
    ["1000000000000001", 0],
  ])("reads 'retry-after: %s' as %d ms", (value, ms) => {
    expect(retryAfterIn({ "retry-after": value })).toBe(ms);
  });

  it.each([
    "",
    "soon",
    "NaN",
    "Infinity",
    "0x10",
    "1e3",
    "limit 5",
    "9".repeat(400),
    "Tue, 99 Mar 2024 20:00:00 GMT",
    "2024-03-26",
    "2024-03-26T20:00:00",
    "2024-03-26T20:00:61Z",
  ])("says nothing of 'retry-after: %s'", (value) => {
    expect(retryAfterIn({ "retry-after": value })).toBeUndefined();
  });

  it("takes the longest of several values, and ms before seconds wherever they can be read", () => {
    expect(retryAfterIn({ "retry-after": ["5", "60", "7"] })).toBe(MINUTE);
    expect(
      retryAfterIn([
        ["retry-after", "5"],
        ["Retry-After", "6"],
      ]),
    ).toBe(6 * SECOND);
    expect(retryAfterIn({ "retry-after": "60", "retry-after-ms": "20, 10" })).toBe(20);
    expect(retryAfterIn({ "retry-after": "60", "retry-after-ms": "20.5" })).toBe(20.5);
    for (const unreadable of ["", "soon", "0x10", "Infinity"]) {
      expect(retryAfterIn({ "retry-after": "60", "retry-after-ms": unreadable })).toBe(MINUTE);
    }
  });
});
