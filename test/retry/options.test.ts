import { describe, expect, it } from "vitest";
import { RetryBudget } from "../../dist/retry/budget.js";
import { resolveRetry, type RetryOptions } from "../../dist/retry/options.js";

const schema = { "~standard": { validate: () => ({}) } };
const accept = (): boolean => true;

function problemWith(options: object, path?: string): string {
  try {
    resolveRetry(options as RetryOptions, path);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return "none";
}

describe("resolveRetry", () => {
  it("fills in the defaults", () => {
    expect(resolveRetry({ retries: 3 })).toEqual({
      retries: 3,
      on: undefined,
      until: [],
      backoff: "exponential",
      wait: 1000,
      maxWait: 30_000,
      jitter: 1,
      honorRetryAfter: true,
      budget: undefined,
    });
  });

  it("keeps what is given", () => {
    const backoff = (): number => 5;
    const given: RetryOptions = {
      retries: Number.POSITIVE_INFINITY,
      on: [TypeError, accept],
      until: [schema, accept],
      backoff,
      wait: 5,
      maxWait: 10,
      jitter: 0.5,
      honorRetryAfter: false,
    };
    expect(resolveRetry(given)).toEqual({ ...given, budget: undefined });
    const { on, until } = resolveRetry({ retries: 0, on: TypeError, until: schema, budget: { ratio: 0.2 } });
    expect([on, until]).toEqual([[TypeError], [schema]]);
  });

  it("lets undefined stand for the default", () => {
    const silent: Record<keyof Omit<RetryOptions, "retries">, undefined> = {
      on: undefined,
      until: undefined,
      backoff: undefined,
      wait: undefined,
      maxWait: undefined,
      jitter: undefined,
      honorRetryAfter: undefined,
      budget: undefined,
    };
    expect(resolveRetry({ retries: 1, ...silent })).toEqual(resolveRetry({ retries: 1 }));
  });

  it("is not changed by what happens to a list later", () => {
    const on = [TypeError];
    const resolved = resolveRetry({ retries: 1, on });
    on.length = 0;
    expect(resolved.on).toEqual([TypeError]);
  });

  it("lets a wait that is longer than the default cap be, and a function decide alone", () => {
    expect(resolveRetry({ retries: 1, wait: 60_000 }).maxWait).toBe(60_000);
    expect(resolveRetry({ retries: 1, backoff: () => 1 }).maxWait).toBe(Number.POSITIVE_INFINITY);
    expect(resolveRetry({ retries: 1, backoff: () => 1, maxWait: 5 }).maxWait).toBe(5);
  });

  it("opens a budget", () => {
    const { budget } = resolveRetry({ retries: 1, budget: { ratio: 0, min: 0.3 } });
    expect(budget).toBeInstanceOf(RetryBudget);
    expect([1, 2, 3, 4].map(() => budget!.withdraw(0))).toEqual([true, true, true, false]);
    const usual = resolveRetry({ retries: 1, budget: { ratio: 0.5 } }).budget!;
    usual.deposit(0);
    usual.deposit(0);
    expect(Array.from({ length: 102 }, () => usual.withdraw(0)).lastIndexOf(true)).toBe(100);
  });

  const int = "RangeError: Cannot set 'retry.retries' as it must be an integer of at least 0: current value is";
  const number = "must be a number of ms from 0 to 2147483647: current value is";
  it.each<[object, string]>([
    [{}, `${int} undefined`],
    [{ retries: -1 }, `${int} -1`],
    [{ retries: 1.5 }, `${int} 1.5`],
    [{ retries: "3" }, `${int} '3'`],
    [{ retries: Number.NaN }, `${int} NaN`],
    [{ wait: -5 }, `RangeError: Cannot set 'retry.wait' as it ${number} -5`],
    [{ wait: Number.POSITIVE_INFINITY }, `RangeError: Cannot set 'retry.wait' as it ${number} Infinity`],
    [{ maxWait: -1 }, `RangeError: Cannot set 'retry.maxWait' as it ${number} -1`],
    [
      { wait: 500, maxWait: 100 },
      "RangeError: Cannot set 'retry.maxWait' as it must be at least as long as 'wait', which is 500: current value is 100",
    ],
    [
      { jitter: 1.5 },
      "RangeError: Cannot set 'retry.jitter' as it must be 'full' or a number from 0 to 1: current value is 1.5",
    ],
    [
      { jitter: "half" },
      "TypeError: Cannot set 'retry.jitter' as it must be 'full' or a number from 0 to 1: current value is 'half'",
    ],
    [
      { honorRetryAfter: "yes" },
      "TypeError: Cannot set 'retry.honorRetryAfter' as it must be a boolean: current value is 'yes'",
    ],
    [
      { backoff: "exponental" },
      "TypeError: Cannot set 'retry.backoff' as it must be a function or one of 'exponential', 'linear', 'fibonacci': " +
        "current value is 'exponental', did you mean 'exponential'?",
    ],
    [
      { backoff: 5 },
      "TypeError: Cannot set 'retry.backoff' as it must be a function or one of 'exponential', 'linear', 'fibonacci': " +
        "current value is 5",
    ],
    [
      { on: "TypeError" },
      "TypeError: Cannot set 'retry.on' as it must be an error class or a function: current value is 'TypeError'",
    ],
    [
      { on: [TypeError, null] },
      "TypeError: Cannot set 'retry.on[1]' as it must be an error class or a function: current value is null",
    ],
    [
      { until: [{}] },
      "TypeError: Cannot set 'retry.until[0]' as it must be a function or a Standard Schema: current value is {}",
    ],
    [
      { until: null },
      "TypeError: Cannot set 'retry.until' as it must be a function or a Standard Schema: current value is null",
    ],
    [{ budget: 0.2 }, "TypeError: Cannot set 'retry.budget' as it must be an object: current value is 0.2"],
    [
      { budget: {} },
      "RangeError: Cannot set 'retry.budget.ratio' as it must be a finite number of at least 0: current value is undefined",
    ],
    [
      { budget: { ratio: Number.POSITIVE_INFINITY } },
      "RangeError: Cannot set 'retry.budget.ratio' as it must be a finite number of at least 0: current value is Infinity",
    ],
    [
      { budget: { ratio: 1, min: -1 } },
      "RangeError: Cannot set 'retry.budget.min' as it must be a finite number of at least 0: current value is -1",
    ],
    [
      { budget: { ratoi: 1 } },
      "TypeError: Cannot set 'retry.budget.ratoi' as there is no such option: did you mean 'ratio'?",
    ],
    [{ maxwait: 5 }, "TypeError: Cannot set 'retry.maxwait' as there is no such option: did you mean 'maxWait'?"],
    [{ elephants: 5 }, "TypeError: Cannot set 'retry.elephants' as there is no such option"],
  ])("refuses %o", (options, problem) => {
    const complete = "retries" in options || Object.keys(options).length === 0 ? options : { retries: 1, ...options };
    expect(problemWith(complete)).toBe(problem);
  });

  it.each([3, null, undefined])("refuses %o for the options", (options) => {
    expect(problemWith(options as unknown as object)).toBe(
      `TypeError: Cannot set 'retry' as it must be an object: current value is ${options}`,
    );
  });

  it("names the options as told", () => {
    expect(problemWith({ retries: 1, wait: -5 }, "methods.fetch.retry")).toContain("'methods.fetch.retry.wait'");
    expect(problemWith({ retires: 1 }, "methods.fetch.retry")).toContain("'methods.fetch.retry.retires'");
  });
});
