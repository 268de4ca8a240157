import { RateLimit } from "manyhands";
import type { Failure } from "manyhands/prompts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AccountLimits } from "../../../dist/prompts/client/account-limits.js";

const NONE = { rpm: undefined, tpm: undefined, concurrency: 10, others: [] };
const AMOUNTS = { calls: 1, tokens: 100, "input-tokens": 60, "output-tokens": 40 };

function failure(how: Failure["failure"], retryAfter?: number): Failure {
  return { failure: how, status: undefined, modelCode: undefined, retryAfter, headers: undefined, message: how };
}

function openai(
  requests: [limit: number, remaining: number],
  tokens: [limit: number, remaining: number],
): Record<string, string> {
  return {
    "x-ratelimit-limit-requests": String(requests[0]),
    "x-ratelimit-remaining-requests": String(requests[1]),
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": String(tokens[0]),
    "x-ratelimit-remaining-tokens": String(tokens[1]),
    "x-ratelimit-reset-tokens": "6m0s",
  };
}

describe("AccountLimits", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "hrtime", "Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("lets one request through until it is answered, then as many as may run at once", async () => {
    const limits = new AccountLimits({ name: "a" }, NONE);
    const first = await limits.set.tryAcquire(AMOUNTS);
    limits.began();
    expect(await limits.set.tryAcquire(AMOUNTS)).toBeUndefined();
    limits.succeeded();
    const others = await Promise.all(Array.from({ length: 20 }, () => limits.set.tryAcquire(AMOUNTS)));
    expect(others.filter(Boolean)).toHaveLength(9);
    expect(first!.config).toBe(limits);
    limits.close();
  });

  it("waits a second for the first answer, and no longer", async () => {
    const limits = new AccountLimits({ name: "a" }, NONE);
    await limits.set.tryAcquire(AMOUNTS);
    limits.began();
    vi.advanceTimersByTime(999);
    expect(await limits.set.tryAcquire(AMOUNTS)).toBeUndefined();
    vi.advanceTimersByTime(2);
    expect(await limits.set.tryAcquire(AMOUNTS)).toBeDefined();
  });

  it("tells how many will follow the first, no more than there are and may be", async () => {
    const limits = new AccountLimits({ name: "a" }, { ...NONE, rpm: 240 });
    await limits.set.tryAcquire(AMOUNTS);
    const { following } = limits;
    expect(following!()).toBe(0);
    for (let more = 0; more < 20; more += 1) void limits.set.acquire(AMOUNTS);
    // As many as go in the second that it is tried for.
    expect(following!()).toBe(4);
    const unpaced = new AccountLimits({ name: "b" }, NONE);
    await unpaced.set.tryAcquire(AMOUNTS);
    void unpaced.set.acquire(AMOUNTS);
    expect(unpaced.following!()).toBe(1);
    for (let more = 0; more < 20; more += 1) void unpaced.set.acquire(AMOUNTS);
    expect(unpaced.following!()).toBe(9);
    limits.succeeded();
    expect(limits.following).toBeUndefined();
  });

  it("takes Infinity for no limit: nothing is tried, and nothing learned", async () => {
    const none = Number.POSITIVE_INFINITY;
    const limits = new AccountLimits({ name: "a" }, { ...NONE, rpm: none, tpm: none });
    expect(limits.following).toBeUndefined();
    const all = await Promise.all(Array.from({ length: 20 }, () => limits.set.tryAcquire(AMOUNTS)));
    expect(all.filter(Boolean)).toHaveLength(10);
    limits.heard(openai([6000, 5999], [900_000, 899_000]));
    expect(limits.stats()).toMatchObject({ rpm: undefined, tpm: undefined });
    // What an answer takes must be known before many are asked for, where tokens are counted.
    const counted = new AccountLimits({ name: "b" }, { ...NONE, rpm: none, tpm: 900_000 });
    expect(counted.following).toBeDefined();
  });

  it("learns what it was not told, and keeps what it was", () => {
    const limits = new AccountLimits({ name: "a" }, { ...NONE, rpm: 30 });
    expect(limits.stats()).toMatchObject({ rpm: 30, tpm: undefined });
    limits.heard(openai([6000, 5999], [900_000, 899_000]));
    expect(limits.stats()).toMatchObject({ rpm: 30, tpm: 900_000 });
    limits.heard(openai([6000, 5999], [450_000, 449_000]));
    expect(limits.stats().tpm).toBe(450_000);
    expect(limits.most("tokens")).toBe(225_000);
  });

  it("neither learns nor paces what is counted by a limit of the caller's own", async () => {
    const tokens = new RateLimit({ key: "tokens", capacity: 1_000_000, window: 60_000 });
    const limits = new AccountLimits({ name: "a" }, { ...NONE, others: [tokens] });
    limits.succeeded();
    limits.heard(openai([6000, 5999], [900_000, 899_000]));
    vi.advanceTimersByTime(1500);
    limits.began();
    expect(await limits.set.tryAcquire({ ...AMOUNTS, tokens: 850_000 })).toBeDefined();
    expect(limits.stats()).toMatchObject({ rpm: 6000, tpm: undefined });
    limits.close();
  });

  it("learns of the limits of a policy, whatever its window is", () => {
    const limits = new AccountLimits({ name: "a" }, NONE);
    limits.heard({ "ratelimit-policy": '"requests";q=10;w=1', ratelimit: '"requests";r=9;t=1' });
    expect(limits.stats().rpm).toBe(600);
  });

  it.each(["0.5", "1", "2"])("keeps to a limit of %s requests a minute, given or learned", async (limit) => {
    const learned = new AccountLimits({ name: "a" }, NONE);
    learned.succeeded();
    learned.heard({ "x-ratelimit-limit-requests": limit });
    for (const limits of [learned, new AccountLimits({ name: "a" }, { ...NONE, rpm: Number(limit) })]) {
      limits.succeeded();
      expect(limits.stats().rpm).toBe(Number(limit));
      let granted = 0;
      for (let second = 0; second < 1200; second += 1) {
        while (await limits.set.tryAcquire(AMOUNTS).then((grant) => (grant?.release(), grant))) granted += 1;
        await vi.advanceTimersByTimeAsync(1000);
      }
      expect(granted / (20 * Number(limit))).toBeGreaterThan(0.85);
      expect(granted / (20 * Number(limit))).toBeLessThanOrEqual(1);
    }
  });

  it("does not spread the requests of a day over the day, and keeps to them", async () => {
    const limits = new AccountLimits({ name: "a" }, { ...NONE, concurrency: 100 });
    limits.succeeded();
    const told = { "x-ratelimit-limit-requests": "50", "x-ratelimit-remaining-requests": "40" };
    limits.heard({ ...told, "x-ratelimit-reset-requests": "4h48m0s" });
    let granted = 0;
    while (await limits.set.tryAcquire(AMOUNTS)) granted += 1;
    expect(granted).toBe(40);
    // One comes back every half an hour.
    await vi.advanceTimersByTimeAsync(1_800_000);
    expect(await limits.set.tryAcquire(AMOUNTS)).toBeDefined();
    expect(await limits.set.tryAcquire(AMOUNTS)).toBeUndefined();
  });

  it("pauses also where the server says to come back at once", async () => {
    const limits = new AccountLimits({ name: "a" }, NONE);
    limits.failed(failure("rate-limit", 0), 1, (await limits.set.tryAcquire(AMOUNTS))!);
    expect(limits.stats().pausedFor).toBe(100);
  });

  it("takes what remains as a cap, and does not wait for the reset of what flows", async () => {
    const limits = new AccountLimits({ name: "a" }, NONE);
    limits.succeeded();
    limits.heard(openai([6000, 5999], [60_000, 0]));
    expect(await limits.set.tryAcquire(AMOUNTS)).toBeUndefined();
    const granted = limits.set.acquire(AMOUNTS);
    // 100 tokens at 1,000 in a second, though all of them are back after 6 minutes only.
    await vi.advanceTimersByTimeAsync(150);
    expect(await granted).toBeDefined();
  });

  it("saves nothing up while it is paused", async () => {
    const limits = new AccountLimits({ name: "a" }, { ...NONE, tpm: 60_000, concurrency: 1000 });
    limits.succeeded();
    const grant = (await limits.set.tryAcquire(AMOUNTS))!;
    limits.failed(failure("rate-limit", 10_000), 1, grant);
    expect(limits.stats().pausedFor).toBe(10_000);
    await vi.advanceTimersByTimeAsync(10_000);
    let granted = 0;
    for (let step = 0; step < 16; step += 1) {
      while (await limits.set.tryAcquire(AMOUNTS)) granted += 1;
      await vi.advanceTimersByTimeAsync(50);
    }
    // Half a second's to begin with, and that of 0.8 s since; of the pause there would be a hundred.
    expect(granted).toBeGreaterThan(8);
    expect(granted).toBeLessThan(15);
  });

  it("saves up few of the tokens that are not used, and enough for the largest request", async () => {
    const limits = new AccountLimits({ name: "a" }, { ...NONE, rpm: 60, tpm: 60_000, concurrency: 1000 });
    limits.succeeded();
    limits.expect(10_000);
    for (let second = 0; second < 120; second += 1) {
      const grant = await limits.set.tryAcquire(AMOUNTS);
      limits.began();
      await vi.advanceTimersByTimeAsync(1100);
      grant?.release();
      limits.ended();
    }
    const tokens = limits.set.stats().limits.find(({ key }) => key === "tokens")!;
    expect(tokens.capacity - tokens.inUse).toBeGreaterThan(10_000);
    expect(tokens.capacity - tokens.inUse).toBeLessThan(15_000);
    limits.close();
  });

  it("doubles the pause where the server does not say how long", async () => {
    const limits = new AccountLimits({ name: "a" }, { ...NONE, rpm: 6000 });
    const pauses: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const grant = (await limits.set.tryAcquire(AMOUNTS))!;
      limits.failed(failure("rate-limit"), 1, grant);
      pauses.push(limits.stats().pausedFor);
      await vi.advanceTimersByTimeAsync(pauses.at(-1)! + 1);
    }
    expect(pauses).toEqual([1000, 2000, 4000]);
    const grant = (await limits.set.tryAcquire(AMOUNTS))!;
    grant.release();
    limits.succeeded();
    limits.failed(failure("rate-limit"), 1, grant);
    expect(limits.stats().pausedFor).toBe(1000);
  });

  it("does not pause the longer for the number of requests that were refused together", async () => {
    const limits = new AccountLimits({ name: "a" }, NONE);
    limits.succeeded();
    for (const grant of await Promise.all([1, 2, 3].map(() => limits.set.tryAcquire(AMOUNTS)))) {
      limits.failed(failure("rate-limit"), 1, grant!);
    }
    expect(limits.stats().pausedFor).toBe(1000);
  });

  it("is held up neither by other failures nor by a request that is refused again and again", async () => {
    const limits = new AccountLimits({ name: "a" }, NONE);
    limits.succeeded();
    for (const how of ["server", "overloaded", "network", "timeout", "malformed", "refused"] as const) {
      limits.failed(failure(how, 5000), 1, (await limits.set.tryAcquire(AMOUNTS))!);
    }
    limits.failed(failure("rate-limit", 5000), 4, (await limits.set.tryAcquire(AMOUNTS))!);
    expect(limits.stats().pausedFor).toBe(0);
  });

  it("gives nothing more once nothing is left to spend", async () => {
    const limits = new AccountLimits({ name: "a" }, NONE);
    limits.failed(failure("quota"), 1, (await limits.set.tryAcquire(AMOUNTS))!);
    expect(limits.stats()).toMatchObject({ isExhausted: true, pausedFor: 0 });
    expect(await limits.set.tryAcquire(AMOUNTS)).toBeUndefined();
  });
});
