import type { IncomingHttpHeaders } from "node:http";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type HeadersLike, readHeaders, type ServerBudget } from "../../../dist/limits/headers/read-headers.js";

const NOW = Date.parse("2024-03-26T19:59:59Z");
const SECOND = 1000;

/** A budget of which only some is known. */
function budget(key: string | undefined, parts: Partial<ServerBudget>): ServerBudget {
  return { key, limit: undefined, remaining: undefined, resetAfter: undefined, window: undefined, ...parts };
}

const anyPart = fc.constantFrom("limit", "remaining", "reset", "reset-after");
const anyKey = fc.constantFrom("tokens", "limit", "constructor");
const anyName = fc.oneof(
  anyPart.map((part) => `X-RateLimit-${part}`),
  fc.tuple(anyPart, anyKey).map(([part, key]) => `x-rate-limit-${part}-${key}`),
  fc.tuple(anyKey, anyPart).map(([key, part]) => `anthropic-ratelimit-${key}-${part}`),
  anyPart.map((part) => `ratelimit-${part}`),
  fc.constantFrom("retry-after", "Retry-After-Ms", "ratelimit", "RateLimit-Policy"),
  fc.string(),
);

const LISTS = ['"a";q=1;w=2', '"a";r=1;t=2', "limit=5, reset=-5", "1;w=60", "6m0s", "-5ms"];
const DATES = ["Tue, 26 Mar 2024 20:00:00 GMT", "2024-03-26T20:00:00Z"];
const anyNumber = fc.oneof(fc.integer(), fc.double({ noDefaultInfinity: true }), fc.constantFrom(Infinity, NaN));
const anyItem = fc.oneof(anyNumber.map(String), fc.constantFrom(...LISTS), fc.constantFrom(...DATES), fc.string());
const anyText = fc.oneof(
  { weight: 4, arbitrary: anyItem },
  fc
    .array(fc.oneof(anyItem, fc.constantFrom(";", "=", ",", ", ", ".", "-", "0")), { maxLength: 4 })
    .map((all) => all.join("")),
);
const anyValue = fc.oneof({ weight: 5, arbitrary: anyText }, fc.array(anyText), fc.double(), fc.anything());
const anyRecord = fc.dictionary(anyName, anyValue, { minKeys: 1, maxKeys: 12 });
const anyHeaders = fc.oneof(
  anyRecord,
  anyRecord.map((record) => Object.entries(record)),
  anyRecord.map((record) => new Map(Object.entries(record))),
  fc.anything(),
);

describe("readHeaders", () => {
  it.each<[name: string, headers: HeadersLike]>([
    ["a fetch Headers", new Headers({ "Retry-After": "5", "X-RateLimit-Limit-Requests": "9" })],
    ["a record", { "retry-after": "5", "x-ratelimit-limit-requests": "9" }],
    [
      "a record of numbers and lists",
      { "retry-after": 5, "X-RateLimit-Limit-Requests": ["9"], date: undefined, age: null },
    ],
    [
      "a Map",
      new Map([
        ["RETRY-AFTER", "5"],
        ["X-RATELIMIT-LIMIT-REQUESTS", " 9 "],
      ]),
    ],
    [
      "pairs",
      [
        ["Retry-After", "5"],
        ["x-RateLimit-Limit-Requests", "9"],
      ],
    ],
  ])("takes %s, names in any case", (_name, headers) => {
    expect(readHeaders(headers, NOW)).toEqual({ retryAfter: 5 * SECOND, budgets: [budget("requests", { limit: 9 })] });
  });

  it("takes what Node and fetch call headers", () => {
    expectTypeOf<IncomingHttpHeaders>().toExtend<HeadersLike>();
    expectTypeOf<Headers>().toExtend<HeadersLike>();
    expectTypeOf<string>().not.toExtend<HeadersLike>();
    expectTypeOf<string[]>().not.toExtend<HeadersLike>();
  });

  it.each<[headers: unknown]>([
    [undefined],
    [null],
    [5],
    ["retry-after: 5"],
    [["retry-after", "5"]],
    [[5, null, {}]],
    [() => {}],
  ])("says nothing of %j", (headers) => {
    expect(readHeaders(headers as HeadersLike, NOW)).toEqual({ retryAfter: undefined, budgets: [] });
  });

  it("keeps what came before an iterator that throws", () => {
    function* headers(): Generator<[string, string]> {
      yield ["retry-after", "5"];
      throw new Error("no luck");
    }
    expect(readHeaders(headers(), NOW).retryAfter).toBe(5 * SECOND);
  });

  it("never throws, and gives only finite numbers that are not below zero", () => {
    fc.assert(
      fc.property(anyHeaders, fc.oneof(fc.constant(NOW), fc.double()), (headers, wallNow) => {
        const { retryAfter, budgets } = readHeaders(headers as HeadersLike, wallNow);
        const numbers = [retryAfter, ...budgets.flatMap(({ key: _key, unit: _unit, ...rest }) => Object.values(rest))];
        expect(numbers.filter((number) => number !== undefined && !(Number.isFinite(number) && number >= 0))).toEqual(
          [],
        );
      }),
      { numRuns: 500 },
    );
  });

  it("reads some of what that property makes", () => {
    const advices = fc.sample(anyHeaders, { numRuns: 500, seed: 1 }).map((one) => readHeaders(one as HeadersLike, NOW));
    expect(advices.filter(({ retryAfter }) => retryAfter !== undefined).length).toBeGreaterThan(20);
    expect(advices.filter(({ budgets }) => budgets.length > 0).length).toBeGreaterThan(100);
  });
});
