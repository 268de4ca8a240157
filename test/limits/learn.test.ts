import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallLimit, type HeadersLike, LimitSet, RateLimit, ResourceLimit } from "manyhands";
import { FakeClock, stateOf } from "./fake-clock.js";

const WINDOW = 60_000;
const DAY_S = 86_400;

function world(): { clock: FakeClock; set: LimitSet; left(): Record<string, number> } {
  const clock = new FakeClock();
  const options = { window: WINDOW, guard: 0 };
  const limits = [
    new CallLimit({ ...options, capacity: 100 }),
    new RateLimit({ ...options, key: "tokens", capacity: 10_000 }),
    new ResourceLimit({ key: "connections", capacity: 10 }),
  ];
  const set = new LimitSet(limits, { clock });
  const left = (): Record<string, number> =>
    Object.fromEntries(set.stats().limits.map(({ key, capacity, inUse }) => [key, capacity - inUse]));
  return { clock, set, left };
}

describe("LimitSet.learn", () => {
  it.each<[string, HeadersLike]>([
    [
      "OpenAI",
      {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "30",
        "x-ratelimit-reset-requests": "12ms",
        "x-ratelimit-limit-tokens": "10000",
        "x-ratelimit-remaining-tokens": "4000",
        "x-ratelimit-reset-tokens": "6m0s",
      },
    ],
    [
      "Anthropic",
      new Headers({
        "anthropic-ratelimit-requests-limit": "100",
        "anthropic-ratelimit-requests-remaining": "30",
        "anthropic-ratelimit-requests-reset": "2099-01-01T00:00:00Z",
        "anthropic-ratelimit-tokens-limit": "10000",
        "anthropic-ratelimit-tokens-remaining": "4000",
        "anthropic-ratelimit-tokens-reset": "2099-01-01T00:00:00.5Z",
      }),
    ],
  ])("takes what remains, as %s says it, as a cap", (_who, headers) => {
    const { set, left } = world();
    set.learn(headers);
    expect(left()).toEqual({ calls: 30, tokens: 4000, connections: 10 });
    expect(set.stats().pausedFor).toBe(0);
  });

  it.each<[string, HeadersLike]>([
    ["the draft of RateLimit, with a policy of any name", { ratelimit: '"default";r=30;t=12' }],
    ["it with its policy", { ratelimit: '"hour";r=30;t=12', "ratelimit-policy": '"hour";q=100;w=3600' }],
    ["it with the unit of its policy", { ratelimit: '"p";r=30', "ratelimit-policy": '"p";q=100;qu="requests"' }],
    ["its seventh version", { ratelimit: "limit=100, remaining=30, reset=50", "ratelimit-policy": "100;w=60" }],
    ["its early versions", { "ratelimit-limit": "100", "ratelimit-remaining": "30", "ratelimit-reset": "50" }],
    [
      "GitHub",
      [
        ["X-RateLimit-Limit", "100"],
        ["X-RateLimit-Remaining", "30"],
      ] as const,
    ],
  ])("takes what remains of calls, as %s says it, as a cap", (_who, headers) => {
    const { set, left } = world();
    set.learn(headers);
    expect(left()).toEqual({ calls: 30, tokens: 10_000, connections: 10 });
  });

  it.each<[string, HeadersLike]>([
    ["something else by its name", { "x-ratelimit-remaining-images": "0" }],
    ["another unit", { ratelimit: '"bytes";r=0', "ratelimit-policy": '"bytes";q=100;qu="content-bytes"' }],
    ["connections", { "x-ratelimit-remaining-connections": "0" }],
    ["nothing that can be read", { "x-ratelimit-remaining": "many", ratelimit: ";;", "retry-after": "soon" }],
    ["limits only", { "x-ratelimit-limit-requests": "5", "anthropic-ratelimit-tokens-limit": "5" }],
  ])("leaves all as it is for %s", (_what, headers) => {
    const { set, left } = world();
    set.learn(headers);
    expect(left()).toEqual({ calls: 100, tokens: 10_000, connections: 10 });
    expect(set.stats().pausedFor).toBe(0);
  });

  it("takes a policy that is named as a limit for that limit", () => {
    const { set, left } = world();
    set.learn({ ratelimit: '"tokens";r=500;t=12' });
    expect(left()).toMatchObject({ calls: 100, tokens: 500 });
  });

  it("closes until the reset where nothing remains, and is then as open as before", async () => {
    const { clock, set } = world();
    set.learn({ "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1.5s" });
    const waiting = set.acquire({ tokens: 1 });
    await clock.advance(1499);
    expect(await stateOf(waiting)).toBe("pending");
    await clock.advance(1);
    expect(await stateOf(waiting)).toBe("fulfilled");
    expect(await set.tryAcquire({ calls: 99, tokens: 1 })).toBeDefined();
  });

  it("is capped at nothing for a window where no reset is told", async () => {
    const { clock, set } = world();
    set.learn({ "x-ratelimit-remaining-requests": "0" });
    const waiting = set.acquire({ tokens: 1 });
    await clock.advance(WINDOW - 1);
    expect(await stateOf(waiting)).toBe("pending");
    await clock.advance(1);
    expect(await stateOf(waiting)).toBe("fulfilled");
  });

  it.each([
    ["seconds", { "retry-after": "2" }, 2000],
    ["ms", { "retry-after-ms": "250", "retry-after": "1" }, 250],
    ["fractions", { "retry-after": "0.5" }, 500],
  ])("pauses for Retry-After in %s", (_unit, headers, ms) => {
    const { set } = world();
    set.learn(headers as HeadersLike);
    expect(set.stats().pausedFor).toBe(ms);
  });

  it("pauses for Retry-After as a date", () => {
    const { set } = world();
    set.learn({ "retry-after": new Date(Date.now() + 90_000).toUTCString() });
    expect(set.stats().pausedFor).toBeGreaterThan(60_000);
    expect(set.stats().pausedFor).toBeLessThanOrEqual(90_000);
    // One that is past says to go on.
    const { set: other } = world();
    other.learn({ "retry-after": new Date(0).toUTCString() });
    expect(other.stats().pausedFor).toBe(0);
  });

  const inSeconds = (seconds: number): string => String(seconds);
  const asDate = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

  it.each([
    ["seconds", inSeconds],
    ["a date", asDate],
    ["a duration", (seconds: number) => `${seconds}s`],
  ])("closes a limit for a day at most, when %s say two", async (_what, print) => {
    const { clock, set } = world();
    set.learn({ "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": print(2 * DAY_S) });
    const waiting = set.acquire({ tokens: 1 });
    await clock.advance(DAY_S * 1000 - 1);
    expect(await stateOf(waiting)).toBe("pending");
    await clock.advance(1);
    expect(await stateOf(waiting)).toBe("fulfilled");
  });

  it("pauses for a day at most", () => {
    const { set } = world();
    set.learn({ "retry-after": String(2 * DAY_S) });
    expect(set.stats().pausedFor).toBe(DAY_S * 1000);
  });

  it.each([
    ["1e15 seconds", "1".padEnd(19, "0")],
    ["seconds that are ms", String(40 * DAY_S)],
    ["the year 9999", "9999-12-31T23:59:59Z"],
    ["a duration of 10,000 days", "10000d"],
    ["nanoseconds since 1970", String(1e6 * (Date.now() + 60_000))],
  ])("believes no reset as far as %s: nothing is closed longer than without one", async (_what, reset) => {
    const { clock, set } = world();
    set.learn({
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": reset,
      "retry-after": reset,
      "x-ratelimit-remaining": "5",
    });
    expect(set.stats().pausedFor).toBe(0);
    const waiting = set.acquire({ tokens: 1 });
    await clock.advance(WINDOW);
    expect(await stateOf(waiting)).toBe("fulfilled");
  });

  it.each([
    ["seconds", 1e-3],
    ["ms", 1],
    ["µs", 1e3],
  ])("reads a reset in %s since 1970", async (_unit, perMs) => {
    const { clock, set } = world();
    const reset = String(Math.ceil((Date.now() + 600_000) * perMs));
    set.learn({ "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": reset });
    const waiting = set.acquire({ tokens: 1 });
    await clock.advance(500_000);
    expect(await stateOf(waiting)).toBe("pending");
    await clock.advance(102_000);
    expect(await stateOf(waiting)).toBe("fulfilled");
  });

  it("never raises what is left, whatever it is told", async () => {
    const count = fc.nat(20_000);
    await fc.assert(
      fc.asyncProperty(fc.nat(100), fc.nat(10_000), count, count, fc.nat(100), async (calls, tokens, c, t, reset) => {
        const { set, left } = world();
        await set.acquire({ calls, tokens, connections: 0 });
        const before = left();
        set.learn({
          "x-ratelimit-remaining-requests": String(c),
          "x-ratelimit-reset-requests": `${reset}s`,
          "x-ratelimit-remaining-tokens": String(t),
        });
        const after = left();
        expect(after.calls).toBeLessThanOrEqual(before.calls!);
        expect(after.tokens).toBe(Math.min(before.tokens!, t));
        // Nothing is left until a reset that is now: all is as it was.
        const rest = c === 0 && reset === 0 ? before.calls! : Math.min(before.calls!, c);
        expect(await set.tryAcquire({ calls: rest + 1, tokens: 0 }).catch(() => undefined)).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });
});
