import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryAfterOf } from "../../../dist/limits/headers/retry-after.js";

const NOW = Date.parse("2015-10-21T07:28:00Z");

/** `error` as the last of a chain of causes. */
function behind(causes: number, error: unknown): unknown {
  let outer = error;
  for (let left = causes; left > 0; left -= 1) outer = new Error("outer", { cause: outer });
  return outer;
}

/** Each read of a property throws. */
function throwing(...names: string[]): object {
  const error = {};
  for (const name of names) {
    Object.defineProperty(error, name, {
      enumerable: true,
      get: () => {
        throw new Error("no luck");
      },
    });
  }
  return error;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe("retryAfterOf", () => {
  it.each<[name: string, error: unknown, ms: number]>([
    ["seconds", { retryAfter: 2 }, 2000],
    ["a part of a second", { retryAfter: 0.25 }, 250],
    ["less than text writes without an exponent", { retryAfter: 2 ** -30 }, 1000 * 2 ** -30],
    ["seconds as text", { retryAfter: " 30 " }, 30_000],
    ["a date as text", { retryAfter: "Wed, 21 Oct 2015 07:29:00 GMT" }, 60_000],
    ["a Date", { retryAfter: new Date(NOW + 1500) }, 1500],
    ["a Date that is past", { retryAfter: new Date(NOW - 1500) }, 0],
    ["an amount below zero", { retryAfter: -1 }, 0],
    ["no time at all", { retryAfter: 0 }, 0],
    ["headers of its own", { headers: new Headers({ "Retry-After": "7" }) }, 7000],
    ["headers of its response", { response: { headers: { "retry-after": "7" } } }, 7000],
    ["headers in a Map", { headers: new Map([["Retry-After-Ms", "70"]]) }, 70],
    ["its own property before its headers", { retryAfter: 1, headers: { "retry-after": "2" } }, 1000],
    [
      "its own headers before the response's",
      { headers: { "retry-after": "2" }, response: { headers: { "retry-after": "3" } } },
      2000,
    ],
    ["itself before its cause", { retryAfter: 1, cause: { retryAfter: 2 } }, 1000],
    ["the headers after a property that says nothing", { retryAfter: "soon", headers: { "retry-after": "2" } }, 2000],
    [
      "the response after headers that say nothing",
      { headers: {}, response: { headers: { "retry-after": "3" } } },
      3000,
    ],
    ["the cause", { headers: {}, cause: { response: { headers: { "retry-after": "4" } } } }, 4000],
  ])("takes %s", (_name, error, ms) => {
    expect(retryAfterOf(error, NOW)).toBe(ms);
  });

  it.each<[name: string, error: unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["text", "retry after 5"],
    ["a number", 5],
    ["an error without headers", new Error("no luck")],
    ["an amount that is no number", { retryAfter: Number.NaN }],
    ["an endless amount", { retryAfter: Number.POSITIVE_INFINITY }],
    ["a Date that is none", { retryAfter: new Date(Number.NaN) }],
    ["an object", { retryAfter: { seconds: 5 } }],
    ["headers that are text", { headers: "retry-after: 5" }],
    ["headers that are nothing", { headers: null, response: null }],
    ["headers that tell of budgets only", { headers: { "x-ratelimit-reset": "5", ratelimit: '"a";r=0;t=5' } }],
    ["a revoked proxy", revoked()],
    [
      "properties that are revoked proxies",
      { retryAfter: revoked(), headers: revoked(), response: revoked(), cause: revoked() },
    ],
  ])("says nothing of %s", (_name, error) => {
    expect(retryAfterOf(error, NOW)).toBeUndefined();
  });

  it("looks at causes, five deep", () => {
    for (const depth of [1, 2, 3, 4, 5]) expect(retryAfterOf(behind(depth, { retryAfter: 3 }), NOW)).toBe(3000);
    expect(retryAfterOf(behind(6, { retryAfter: 3 }), NOW)).toBeUndefined();
  });

  it("ends where causes go in a circle", () => {
    const [first, second] = [new Error("first"), new Error("second")];
    first.cause = second;
    second.cause = first;
    expect(retryAfterOf(first, NOW)).toBeUndefined();
  });

  it("survives getters that throw, and looks on", () => {
    const error = throwing("retryAfter", "headers", "response");
    expect(retryAfterOf(Object.assign(error, { cause: { retryAfter: 6 } }), NOW)).toBe(6000);
    const headers = Object.assign(throwing("a-header"), { "retry-after": "7" });
    expect(retryAfterOf({ response: { headers } }, NOW)).toBe(7000);
    const date = Object.assign(new Date(NOW + 1000), { getTime: () => expect.unreachable() });
    expect(retryAfterOf({ retryAfter: date }, NOW)).toBe(1000);
    expect(retryAfterOf(throwing("cause"), NOW)).toBeUndefined();
  });

  it("never throws, and gives finite amounts not below zero", () => {
    const amount = fc.oneof(fc.double(), fc.string(), fc.date({ noInvalidDate: false }), fc.anything());
    const headers = fc.oneof(
      fc.anything(),
      fc.dictionary(fc.constantFrom("retry-after", "Retry-After-Ms"), fc.oneof(fc.double().map(String), fc.anything())),
    );
    const error = fc.record(
      { retryAfter: amount, headers, response: fc.record({ headers }), cause: fc.record({ retryAfter: amount }) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(error, fc.anything()), fc.oneof(fc.constant(NOW), fc.double()), (value, wallNow) => {
        const ms = retryAfterOf(value, wallNow) ?? 0;
        expect(Number.isFinite(ms) && ms >= 0, `${ms}`).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
