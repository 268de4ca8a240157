import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HeadersLike, readHeaders, type ServerBudget } from "../../../dist/limits/headers/read-headers.js";

const NOW = Date.parse("2024-03-26T19:59:59Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A budget of which only some is known. */
function budget(key: string | undefined, parts: Partial<ServerBudget>): ServerBudget {
  return { key, limit: undefined, remaining: undefined, resetAfter: undefined, window: undefined, ...parts };
}

function budgetsIn(headers: HeadersLike): readonly ServerBudget[] {
  return readHeaders(headers, NOW).budgets;
}

describe("separateBudgets", () => {
  it("finds the window of a bucket at any level, and takes no fixed minute for an hour or a day", () => {
    const level = fc.record({
      limit: fc.integer({ min: 10, max: 2_000_000 }),
      share: fc.double({ min: 0.03, max: 1, noNaN: true }),
      minutes: fc.constantFrom(1, 60, 1440),
      reset: fc.integer({ min: 1, max: 60_000 }),
    });
    fc.assert(
      fc.property(level, ({ limit, share, minutes, reset }) => {
        const remaining = Math.floor(limit * (1 - share));
        const left = { "x-ratelimit-limit-a": String(limit), "x-ratelimit-remaining-a": String(remaining) };
        const windowOf = (ms: number): number | undefined =>
          budgetsIn({ ...left, "x-ratelimit-reset-a": `${Math.round(ms)}ms` })[0]!.window;
        expect(windowOf(((limit - remaining) / limit) * minutes * MINUTE)).toBe(minutes * MINUTE);
        expect([undefined, MINUTE]).toContain(windowOf(reset));
      }),
      { numRuns: 200 },
    );
  });

  it.each<[server: string, headers: Record<string, string>, retryAfter: number | undefined, budgets: ServerBudget[]]>([
    [
      "OpenAI",
      {
        date: "Tue, 26 Mar 2024 19:59:59 GMT",
        "content-type": "application/json",
        "openai-organization": "acme",
        "openai-processing-ms": "1032",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-limit-tokens": "150000",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-remaining-tokens": "149984",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-reset-tokens": "6m0s",
        "x-request-id": "req_0",
      },
      undefined,
      [
        { key: "requests", limit: 60, remaining: 59, resetAfter: SECOND, window: MINUTE },
        { key: "tokens", limit: 150_000, remaining: 149_984, resetAfter: 6 * MINUTE, window: undefined },
      ],
    ],
    [
      "Azure OpenAI, that spells its headers in two ways",
      {
        "apim-request-id": "bb943c68",
        "policy-id": "DeploymentRatelimit-Token",
        "retry-after": "55",
        "retry-after-ms": "54321",
        "x-ms-region": "West US",
        "x-rate-limit-reset-tokens": "55",
        "x-ratelimit-remaining-requests": "79",
        "x-ratelimit-remaining-tokens": "0",
      },
      54_321,
      [budget("tokens", { remaining: 0, resetAfter: 55 * SECOND }), budget("requests", { remaining: 79 })],
    ],
    [
      "Azure OpenAI, where it has no limit",
      {
        "x-ratelimit-limit-tokens": "-1",
        "x-ratelimit-remaining-tokens": "-1",
        "x-ratelimit-reset-tokens": "0",
        "x-ratelimit-remaining-requests": "19",
      },
      undefined,
      [budget("requests", { remaining: 19 })],
    ],
    [
      "Anthropic",
      {
        "anthropic-ratelimit-requests-limit": "5",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2024-03-26T20:00:00Z",
        "anthropic-ratelimit-input-tokens-limit": "25000",
        "anthropic-ratelimit-input-tokens-remaining": "16000",
        "anthropic-ratelimit-input-tokens-reset": "2024-03-26T20:00:30Z",
        "anthropic-ratelimit-output-tokens-limit": "8000",
        "anthropic-ratelimit-output-tokens-remaining": "8000",
        "anthropic-ratelimit-output-tokens-reset": "2024-03-26T19:59:58Z",
        "request-id": "req_0",
        "retry-after": "12",
      },
      12 * SECOND,
      [
        { key: "requests", limit: 5, remaining: 0, resetAfter: SECOND, window: undefined },
        { key: "input-tokens", limit: 25_000, remaining: 16_000, resetAfter: 31 * SECOND, window: undefined },
        { key: "output-tokens", limit: 8000, remaining: 8000, resetAfter: 0, window: undefined },
      ],
    ],
    [
      "Groq, whose requests are counted per day",
      {
        "x-ratelimit-limit-requests": "14400",
        "x-ratelimit-limit-tokens": "18000",
        "x-ratelimit-remaining-requests": "14370",
        "x-ratelimit-remaining-tokens": "15702",
        "x-ratelimit-reset-requests": "2m59.56s",
        "x-ratelimit-reset-tokens": "7.66s",
      },
      undefined,
      [
        { key: "requests", limit: 14_400, remaining: 14_370, resetAfter: 179_560, window: 1440 * MINUTE },
        { key: "tokens", limit: 18_000, remaining: 15_702, resetAfter: 7660, window: MINUTE },
      ],
    ],
    [
      "OpenAI, an account that may make 200 requests a day",
      {
        "x-ratelimit-limit-requests": "200",
        "x-ratelimit-remaining-requests": "199",
        "x-ratelimit-reset-requests": "7m12s",
      },
      undefined,
      [{ key: "requests", limit: 200, remaining: 199, resetAfter: 432 * SECOND, window: 1440 * MINUTE }],
    ],
    [
      "Anthropic, in whole seconds",
      {
        "anthropic-ratelimit-tokens-limit": "80000",
        "anthropic-ratelimit-tokens-remaining": "61000",
        "anthropic-ratelimit-tokens-reset": "2024-03-26T20:00:14Z",
      },
      undefined,
      [{ key: "tokens", limit: 80_000, remaining: 61_000, resetAfter: 15 * SECOND, window: MINUTE }],
    ],
    [
      "a server whose minutes begin anew",
      {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1m0s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "999",
        "x-ratelimit-reset-tokens": "3.6s",
      },
      undefined,
      [
        { key: "requests", limit: 60, remaining: 59, resetAfter: MINUTE, window: undefined },
        { key: "tokens", limit: 1000, remaining: 999, resetAfter: 3600, window: undefined },
      ],
    ],
    [
      "GitHub",
      {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "4987",
        "x-ratelimit-reset": String(NOW / 1000 + 1800),
        "x-ratelimit-resource": "core",
        "x-ratelimit-used": "13",
      },
      undefined,
      [{ key: undefined, limit: 5000, remaining: 4987, resetAfter: 30 * MINUTE, window: undefined }],
    ],
    [
      "OpenRouter, with ms since 1970",
      { "x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW + 1500) },
      undefined,
      [{ key: undefined, limit: 20, remaining: 0, resetAfter: 1500, window: undefined }],
    ],
    [
      "Discord, whose seconds from now do not depend on the clock",
      {
        "x-ratelimit-limit": "5",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": String(NOW / 1000 - 999),
        "x-ratelimit-reset-after": "64.5",
        "x-ratelimit-bucket": "abcd1234",
      },
      undefined,
      [{ key: undefined, limit: 5, remaining: 0, resetAfter: 64_500, window: undefined }],
    ],
  ])("reads the headers of %s", (_server, headers, retryAfter, budgets) => {
    const advice = readHeaders(headers, NOW);
    expect(advice.retryAfter).toBe(retryAfter);
    expect(advice.budgets).toEqual(budgets);
  });

  it("leaves out what it cannot read of a budget, and a budget of which it can read nothing", () => {
    expect(
      budgetsIn({ "x-ratelimit-limit-a": "many", "x-ratelimit-remaining-a": "3", "x-ratelimit-reset-a": "soon" }),
    ).toEqual([budget("a", { remaining: 3 })]);
    expect(budgetsIn({ "x-ratelimit-limit-a": "many", "x-ratelimit-reset-a": "" })).toEqual([]);
    expect(budgetsIn({ "x-ratelimit-remaining": "-3" })).toEqual([budget(undefined, { remaining: 0 })]);
    expect(budgetsIn({ "x-ratelimit-limit": "9".repeat(400), "x-ratelimit-remaining": "3" })).toEqual([
      budget(undefined, { remaining: 3 }),
    ]);
    expect(budgetsIn({ "x-ratelimit-limit": ["many", "100, 200"], "x-ratelimit-reset": "3, 30, soon" })).toEqual([
      budget(undefined, { limit: 100, resetAfter: 30 * SECOND }),
    ]);
    expect(budgetsIn({ "ratelimit-limit": "5;w=0" })).toEqual([budget(undefined, { limit: 5 })]);
  });
});
