import fc from "fast-check";
import { expect, it } from "vitest";
import { Budget } from "../../../dist/prompts/simulation/budget.js";
import { resolveSettings, type SimulationOptions } from "../../../dist/prompts/simulation/simulation-options.js";
import { goDuration } from "../../../dist/prompts/simulation/rate-headers.js";
import { chatBody, errorOf, PATIENCE, post, serve } from "./ask.js";

const budget = (limit: number, options: SimulationOptions = {}): Budget =>
  new Budget(limit, resolveSettings(options), 0);

it("a bucket has a second's worth at once, and is refilled all the time", () => {
  const requests = budget(6000);
  for (let taken = 0; taken < 100; taken += 1) {
    expect(requests.wait(0, 1)).toBe(0);
    requests.take(0, 1);
  }
  expect(requests.wait(0, 1)).toBeCloseTo(10);
  expect(requests.remaining(0)).toBe(5900);
  expect(requests.reset(0)).toBeCloseTo(1000);
  expect(requests.wait(10, 1)).toBeCloseTo(0);
  expect(requests.reset(1000)).toBeCloseTo(0);
});

it("a bucket lets pass what is larger than its burst, and then owes the rest", () => {
  const tokens = budget(6000);
  expect(tokens.wait(0, 1000)).toBe(0);
  tokens.take(0, 1000);
  expect(tokens.wait(0, 1)).toBeCloseTo(9010);
});

it("a window allows all of it at once, and then nothing until that is past", () => {
  const requests = budget(10, { enforce: "window", window: 1000 });
  for (let taken = 0; taken < 10; taken += 1) requests.take(taken, 1);
  expect([requests.wait(9, 1), requests.remaining(9), requests.reset(9)]).toEqual([991, 0, 991]);
  expect(requests.wait(1000, 1)).toBe(0);
});

it.each(["bucket", "window"] as const)("no %s gives more than its limit, whatever is asked when", (enforce) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 30 })), { maxLength: 80 }), (asked) => {
      const [limit, window] = [60, 1000];
      const kept = budget(limit, { enforce, window });
      const takes: { at: number; amount: number }[] = [];
      let now = 0;
      for (const [pause, amount] of asked) {
        now += pause;
        if (kept.wait(now, amount) > 0) continue;
        kept.take(now, amount);
        takes.push({ at: now, amount });
      }
      // A bucket may be left in debt by one request.
      const most = enforce === "window" ? limit : limit + 30;
      for (const { at } of takes) {
        const inWindow = takes.filter((take) => take.at >= at && take.at < at + window);
        expect(inWindow.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(most + 1e-6);
      }
    }),
  );
});

it("refuses with the words, the headers and the arithmetic of OpenAI", async () => {
  const model = await serve({ rpm: 2, retryAfter: "ms" });
  const first = await post(model, chatBody("one"));
  expect(first.headers.get("x-ratelimit-limit-requests")).toBe("2");
  expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("1");
  expect(first.headers.get("x-ratelimit-reset-requests")).toMatch(/^(30|2\d\.\d+)s$/);
  expect(first.headers.has("x-ratelimit-limit-tokens")).toBe(false);
  const second = await post(model, chatBody("two"));
  expect(second.status).toBe(429);
  const wait = second.headers.get("retry-after-ms");
  const { message, ...error } = await errorOf(second);
  expect(error).toEqual({ type: "requests", param: null, code: "rate_limit_exceeded" });
  expect(message).toMatch(/requests per min \(RPM\): Limit 2, Used 2, Requested 1\. Please try again in/);
  expect(message).toContain(`again in ${Number(wait) / 1000}s.`);
  expect(model.stats()).toMatchObject({ requests: 2, answered: 1, statuses: { 200: 1, 429: 1 } });
});

it.each([
  ["seconds", /^60$/],
  ["date", /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/],
] as const)("says in the form %s when to try again", async (retryAfter, form) => {
  const model = await serve({ rpm: 1, retryAfter });
  await post(model, chatBody("one"));
  const { headers } = await post(model, chatBody("two"));
  expect(headers.get("retry-after")).toMatch(form);
  expect(headers.has("retry-after-ms")).toBe(false);
  const ahead = Date.parse(headers.get("retry-after")!) - Date.now();
  if (retryAfter === "date") expect(ahead).toSatisfy((ms: number) => ms > 50_000 && ms <= 61_000);
});

it("says nothing of it where it shall not", async () => {
  const model = await serve({ rpm: 1, retryAfter: "none" });
  await post(model, chatBody("one"));
  const { status, headers } = await post(model, chatBody("two"));
  expect([status, headers.has("retry-after"), headers.has("retry-after-ms")]).toEqual([429, false, false]);
});

it("charges what is used, or the most that may be used", async () => {
  const answer = (): string => "x".repeat(400);
  const actual = await serve({ tpm: 1000, burst: 1, answer });
  const first = await post(actual, chatBody("12345678", { max_tokens: 900 }));
  // 2 of the prompt, 100 of the answer; in the meantime some has come back.
  expect(Number(first.headers.get("x-ratelimit-remaining-tokens"))).toSatisfy(
    (left: number) => left >= 898 && left < 910,
  );
  const most = await serve({ tpm: 1000, burst: 1, charge: "max", answer });
  const second = await post(most, chatBody("12345678", { max_tokens: 900 }));
  expect(Number(second.headers.get("x-ratelimit-remaining-tokens"))).toSatisfy(
    (left: number) => left >= 100 && left < 110,
  );
  const third = await post(most, chatBody("12345678", { max_tokens: 900 }));
  expect(await errorOf(third)).toMatchObject({ type: "tokens", code: "rate_limit_exceeded" });
  const never = await post(most, chatBody("12345678", { max_tokens: 1001 }));
  expect(never.headers.has("retry-after")).toBe(false);
  expect((await errorOf(never))["message"]).toMatch(/^Request too large .* Limit 1000, Requested 1001\./);
});

it("gives each key limits and a quota of its own, and refuses others", async () => {
  const model = await serve({ rpm: 1, keys: { first: {}, second: { rpm: 600, quota: 2 } } });
  const ask = async (key: string): Promise<number> =>
    (await post(model, chatBody("x"), { headers: { authorization: `Bearer ${key}` } })).status;
  expect([await ask("first"), await ask("first")]).toEqual([200, 429]);
  expect([await ask("second"), await ask("second")]).toEqual([200, 200]);
  const broke = await post(model, chatBody("x"), { headers: { "api-key": "second" } });
  expect([broke.status, await errorOf(broke)]).toMatchObject([429, { code: "insufficient_quota" }]);
  const unknown = await post(model, chatBody("x"), { headers: { authorization: "Bearer sk-other" } });
  expect([unknown.status, await errorOf(unknown)]).toMatchObject([401, { code: "invalid_api_key" }]);
  const { byKey } = model.stats();
  expect(byKey).toEqual({
    first: { requests: 2, answered: 1, limited: 1 },
    second: { requests: 3, answered: 2, limited: 1 },
  });
});

it("refuses more at once than it may have", async () => {
  const model = await serve({ concurrency: 2, faults: 1, faultKinds: ["hang"] });
  const controller = new AbortController();
  const { signal } = controller;
  const hanging = ["a", "b"].map((prompt) => post(model, chatBody(prompt), { signal }).catch(() => "gone"));
  await expect.poll(() => model.stats().faults, PATIENCE).toBe(2);
  const refused = await post(model, chatBody("c"));
  expect([refused.status, await errorOf(refused)]).toMatchObject([429, { code: "rate_limit_exceeded" }]);
  controller.abort();
  expect(await Promise.all(hanging)).toEqual(["gone", "gone"]);
});

it.each([
  [0, "0ms"],
  [11.2, "12ms"],
  [1000, "1s"],
  [1500, "1.5s"],
  [360_000, "6m0s"],
  [3_661_001, "1h1m1.001s"],
])("writes %d ms as %s", (ms, text) => {
  expect(goDuration(ms)).toBe(text);
});
