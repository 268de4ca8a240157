import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CancelledError, RetryValidationError, WorkerCrashedError } from "../../dist/errors.js";
import type { RetryContext } from "../../dist/retry/backoff.js";
import { RetryHistory } from "../../dist/retry/history.js";
import type { RetryOptions } from "../../dist/retry/options.js";
import { type FailedAttempt, type RetryDecision, RetryPolicy, type ReturnedAttempt } from "../../dist/retry/policy.js";

const error = new Error("no luck");
const bug = new Error("bug");
const fail = (): never => {
  throw bug;
};

const surroundings = { attempt: 1, elapsed: 30, method: "run", args: [1], now: 0, random: () => 0 };
const failed = (given: Partial<FailedAttempt> = {}): FailedAttempt => ({
  ...surroundings,
  error,
  retryAfter: undefined,
  ...given,
});
const returned = (given: Partial<ReturnedAttempt> = {}): ReturnedAttempt => ({
  ...surroundings,
  result: "result",
  history: new RetryHistory(),
  ...given,
});
const policyOf = (options: Partial<RetryOptions> = {}, path?: string): RetryPolicy =>
  new RetryPolicy({ retries: 3, ...options }, path);

/** The error that a decision fails the call with. */
function failureOf(decision: RetryDecision | undefined): unknown {
  expect(decision).toMatchObject({ retry: false });
  return decision?.retry === false ? decision.error : undefined;
}

describe("RetryPolicy", () => {
  it("checks its options", () => {
    expect(() => policyOf({ wait: -1 }, "methods.fetch.retry")).toThrow(/'methods.fetch.retry.wait'/);
  });

  it("tells whether it looks at results", () => {
    expect(policyOf().validates).toBe(false);
    expect(policyOf({ until: () => true }).validates).toBe(true);
  });
});

describe("onFailure", () => {
  it("retries after the backoff", () => {
    const policy = policyOf({ wait: 100, jitter: 0.5 });
    expect(policy.onFailure(failed())).toEqual({ retry: true, delay: 100 });
    expect(policy.onFailure(failed({ attempt: 3 }))).toEqual({ retry: true, delay: 400 });
    expect(policy.onFailure(failed({ attempt: 3, random: () => 0.5 }))).toEqual({ retry: true, delay: 300 });
  });

  it("makes 1 + retries attempts in all (R3)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), (retries) => {
        const policy = policyOf({ retries });
        let attempt = 1;
        while (policy.onFailure(failed({ attempt })).retry) attempt += 1;
        expect(attempt).toBe(1 + retries);
        expect(policy.onFailure(failed({ attempt }))).toEqual({ retry: false, error });
      }),
    );
  });

  it("fails with what the attempt threw when that is not retried", () => {
    expect(failureOf(policyOf({ on: [] }).onFailure(failed()))).toBe(error);
    const crashed = new WorkerCrashedError("Worker 0 exited", { reason: "exit" });
    expect(failureOf(policyOf().onFailure(failed({ error: crashed })))).toBe(crashed);
    expect(policyOf({ on: WorkerCrashedError }).onFailure(failed({ error: crashed })).retry).toBe(true);
    const cancelled = new CancelledError("cancelled");
    expect(failureOf(policyOf({ on: () => true }).onFailure(failed({ error: cancelled })))).toBe(cancelled);
  });

  it("shows users' functions the context, and nothing of the machinery", () => {
    const seen: RetryContext[] = [];
    const on = (context: RetryContext): boolean => seen.push(context) > 0;
    const backoff = (context: RetryContext): number => seen.push(context);
    expect(policyOf({ on, backoff }).onFailure(failed({ attempt: 2 }))).toEqual({ retry: true, delay: 2 });
    const context = { error, attempt: 2, elapsed: 30, method: "run", args: [1] };
    expect(seen).toEqual([context, context]);
  });

  it("asks no predicate once the retries are used up", () => {
    expect(failureOf(policyOf({ on: fail }).onFailure(failed({ attempt: 4 })))).toBe(error);
  });

  it("fails the call with what a function throws, and throws nothing (R1)", () => {
    expect(failureOf(policyOf({ on: fail }).onFailure(failed()))).toBe(bug);
    expect(failureOf(policyOf({ backoff: fail }).onFailure(failed()))).toBe(bug);
    expect(failureOf(policyOf({ backoff: () => -1 }).onFailure(failed()))).toBeInstanceOf(RangeError);
  });

  it("waits at least as long as the error asks for, beyond maxWait too", () => {
    const policy = policyOf({ wait: 100, maxWait: 200, jitter: 0 });
    expect(policy.onFailure(failed({ retryAfter: 5000 }))).toEqual({ retry: true, delay: 5000 });
    expect(policy.onFailure(failed({ retryAfter: 50 }))).toEqual({ retry: true, delay: 100 });
    const timed = policyOf({ backoff: () => 100 });
    expect(timed.onFailure(failed({ retryAfter: 5000 }))).toEqual({ retry: true, delay: 5000 });
  });

  it("does not wait for what the error asks for when told not to", () => {
    const policy = policyOf({ wait: 100, honorRetryAfter: false });
    expect(policy.onFailure(failed({ retryAfter: 5000 }))).toEqual({ retry: true, delay: 100 });
  });

  it.each([
    [Number.NaN, 100],
    [-5, 100],
    [Number.POSITIVE_INFINITY, 0x7fff_ffff],
    [1e12, 0x7fff_ffff],
  ])("makes of a wish for %d ms a delay that a timer can take", (retryAfter, delay) => {
    expect(policyOf({ wait: 100 }).onFailure(failed({ retryAfter }))).toEqual({ retry: true, delay });
  });

  it("returns delays that a timer can take, whatever the settings", () => {
    const ms = fc.integer({ min: 0, max: 0x7fff_ffff });
    fc.assert(
      fc.property(
        fc.constantFrom("exponential" as const, "linear" as const, "fibonacci" as const),
        ms,
        ms,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.option(fc.double(), { nil: undefined }),
        (backoff, a, b, jitter, attempt, retryAfter) => {
          const [wait, maxWait] = [Math.min(a, b), Math.max(a, b)];
          const policy = policyOf({ retries: Number.POSITIVE_INFINITY, backoff, wait, maxWait, jitter });
          const decision = policy.onFailure(failed({ attempt, retryAfter, random: Math.random }));
          const delay = decision.retry ? decision.delay : Number.NaN;
          expect(delay).toBeGreaterThanOrEqual(Math.min(0x7fff_ffff, Math.max(0, retryAfter || 0)));
          expect(delay).toBeLessThanOrEqual(Math.min(0x7fff_ffff, Math.max(maxWait, retryAfter || 0)));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("budget", () => {
  const budget = { ratio: 0.5, min: 0 };

  it("is paid for by calls, and spent by retries of any of them", () => {
    const policy = policyOf({ budget });
    for (let call = 0; call < 4; call += 1) policy.onCall(0);
    const decisions = [1, 2, 3].map(() => policy.onFailure(failed()));
    expect(decisions.map(({ retry }) => retry)).toEqual([true, true, false]);
    expect(failureOf(decisions[2])).toBe(error);
  });

  it("is renewed as time goes on", () => {
    const policy = policyOf({ budget: { ratio: 0, min: 0.1 } });
    const retries = [0, 9999, 10_000].map((now) => policy.onFailure(failed({ now })).retry);
    expect(retries).toEqual([true, false, true]);
  });

  it("is not spent by what is not retried (R2)", () => {
    let delay = -1;
    const policy = policyOf({ budget, on: TypeError, backoff: () => delay, until: () => false });
    policy.onCall(0);
    policy.onCall(0);
    const wrong = new TypeError("no luck");
    expect(policy.onFailure(failed()).retry).toBe(false);
    expect(policy.onFailure(failed({ error: wrong })).retry).toBe(false);
    expect(policy.onFailure(failed({ error: wrong, attempt: 4 })).retry).toBe(false);
    expect(failureOf(policy.onResult(returned()) as RetryDecision)).toBeInstanceOf(RangeError);
    delay = 5;
    expect(policy.onFailure(failed({ error: wrong }))).toEqual({ retry: true, delay: 5 });
    expect(policy.onFailure(failed({ error: wrong })).retry).toBe(false);
  });

  it("bounds the retries of refused results too, and says so", () => {
    const policy = policyOf({ budget, until: () => "Too short" });
    policy.onCall(0);
    policy.onCall(0);
    expect(policy.onResult(returned())).toMatchObject({ retry: true });
    expect(failureOf(policy.onResult(returned()) as RetryDecision)).toEqual(
      new RetryValidationError(
        "Cannot return a result of 'run' as none was acceptable in 1 attempt, and the retry budget allows no more: " +
          "Too short",
        { attempts: 1, results: ["result"], validationErrors: ["Too short"] },
      ),
    );
  });
});

describe("onResult", () => {
  it("accepts what 'until' accepts, at any attempt, and notes nothing", () => {
    const history = new RetryHistory();
    const policy = policyOf({ until: (result) => result === "result" });
    expect(policy.onResult(returned({ history }))).toBeUndefined();
    expect(policy.onResult(returned({ history, attempt: 4 }))).toBeUndefined();
    expect(policyOf().onResult(returned({ history }))).toBeUndefined();
    expect(history.toError("run", 1).results).toEqual([]);
  });

  it("retries after the backoff what 'until' refuses, whatever 'on' says", () => {
    const policy = policyOf({ until: () => false, on: [], wait: 100, jitter: 0 });
    expect(policy.onResult(returned({ attempt: 2 }))).toEqual({ retry: true, delay: 200 });
  });

  it("fails after the last attempt with all that was refused", () => {
    const policy = policyOf({ until: (text: string) => text.length > 3 || `Too short: ${text}` });
    const history = new RetryHistory();
    expect(policy.onResult(returned({ history, result: "a" }))).toMatchObject({ retry: true });
    expect(policy.onFailure(failed({ attempt: 2 }))).toMatchObject({ retry: true });
    expect(policy.onResult(returned({ history, result: "b", attempt: 3 }))).toMatchObject({ retry: true });
    const failure = failureOf(policy.onResult(returned({ history, result: "c", attempt: 4 })) as RetryDecision);
    expect(failure).toBeInstanceOf(RetryValidationError);
    expect(failure).toMatchObject({
      message: "Cannot return a result of 'run' as none was acceptable in 4 attempts: Too short: c",
      attempts: 4,
      results: ["a", "b", "c"],
      validationErrors: ["Too short: a", "Too short: b", "Too short: c"],
    });
  });

  it("shows a backoff function the refusal as the error", () => {
    const seen: RetryContext[] = [];
    const policy = policyOf({ until: () => "Too short", backoff: (context) => seen.push(context) });
    expect(policy.onResult(returned({ attempt: 2 }))).toEqual({ retry: true, delay: 1 });
    expect(seen[0]).toMatchObject({ attempt: 2, elapsed: 30, method: "run", args: [1] });
    expect(seen[0]!.error).toMatchObject({ code: "MH_RETRY_VALIDATION", attempts: 2, validationErrors: ["Too short"] });
  });

  it("shows a validator the context, and nothing of the machinery", () => {
    const seen: unknown[] = [];
    void policyOf({ until: (...given: unknown[]) => seen.push(given) > 0 }).onResult(returned());
    expect(seen).toEqual([["result", { attempt: 1, elapsed: 30, method: "run", args: [1] }]]);
  });

  it("decides in a promise where a validator answers with one", async () => {
    const policy = policyOf({ until: (result) => Promise.resolve(result === "result"), wait: 100 });
    const accepted = policy.onResult(returned());
    expect(accepted).toBeInstanceOf(Promise);
    expect(await accepted).toBeUndefined();
    expect(await policy.onResult(returned({ result: "other" }))).toEqual({ retry: true, delay: 100 });
  });

  it("fails the call with what a function throws, and neither throws nor rejects (R1)", async () => {
    expect(failureOf(policyOf({ until: fail }).onResult(returned()) as RetryDecision)).toBe(bug);
    const refused = policyOf({ until: () => false, backoff: fail });
    expect(failureOf(refused.onResult(returned()) as RetryDecision)).toBe(bug);
    expect(failureOf(await policyOf({ until: () => Promise.reject(bug) }).onResult(returned()))).toBe(bug);
    const both = policyOf({ until: () => Promise.resolve(false), backoff: fail });
    expect(failureOf(await both.onResult(returned()))).toBe(bug);
  });
});
