import { type RetryContext, RetryValidationError, type RetryOptions } from "manyhands";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { FlakyWorker, PersistentWorker, UnavailableError } from "#fixtures/flaky.js";
import { collect } from "./collect.js";
import { MODES } from "./modes.js";
import { until } from "./until.js";

const isLong = (text: unknown): boolean => (text as string).length > 3;
const later = async <T>(value: T): Promise<T> => {
  await new Promise((resolve) => setImmediate(resolve));
  return value;
};

describe.each(MODES)("results that must be acceptable in mode %s", (mode) => {
  const open = (retry: Omit<RetryOptions, "wait">) =>
    FlakyWorker.options({ mode, maxWorkers: 1, retry: { wait: 0, ...retry } }).init();

  it.each([
    ["a function", isLong],
    ["an asynchronous function", async (text: unknown) => later(isLong(text))],
    ["a schema of zod", z.string().min(4)],
    ["a schema of valibot", v.pipe(v.string(), v.minLength(4))],
    ["an asynchronous schema", z.string().refine(async (text) => later(isLong(text)))],
    ["several, all of which must pass", [z.string(), isLong, () => undefined]],
  ])("are asked for again until %s accepts one", async (_, accepts) => {
    await using pool = open({ retries: 3, until: accepts });
    const future = pool.answer("a", "bb", "cccc");
    expect(await future).toBe("cccc");
    expect(future.attempts).toBe(3);
    expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0, done: 1, failed: 0, retried: 2 });
  });

  it("fail with all of them in the end, and why each was refused", async () => {
    const checks = [
      z.string().max(3, "Too long"),
      function isNotEmpty(text: string) {
        return text.length > 0;
      },
      (text: string) => text !== "no" || "No is no answer",
    ];
    await using pool = open({ retries: 3, until: checks });
    const future = pool.answer("", "no", "none", "also no");
    const error = (await future.exception()) as RetryValidationError;
    expect(error).toBeInstanceOf(RetryValidationError);
    expect(error).toMatchObject({
      code: "MH_RETRY_VALIDATION",
      attempts: 4,
      results: ["", "no", "none", "also no"],
      validationErrors: ["'isNotEmpty' returned false", "No is no answer", "Too long", "Too long"],
    });
    expect(error.message).toBe("Cannot return a result of 'answer' as none was acceptable in 4 attempts: Too long");
    expect(future.attempts).toBe(4);
  });

  it("are looked at beside errors: both use up the same retries, and only results are kept", async () => {
    const contexts: RetryContext[] = [];
    const backoff = (context: RetryContext): number => {
      contexts.push(context);
      return 0;
    };
    await using pool = open({ retries: 3, backoff, until: () => "Never good" });
    const error = (await pool.fetch("page", 2).exception()) as RetryValidationError;
    expect(error.attempts).toBe(4);
    expect(error.results).toMatchObject([{ attempt: 3 }, { attempt: 4 }]);
    expect(contexts.map(({ error: seen }) => (seen as Error).constructor)).toEqual([
      UnavailableError,
      UnavailableError,
      RetryValidationError,
    ]);
  });

  it("are shown with the attempt, the method and its arguments", async () => {
    const seen: unknown[] = [];
    const look = (result: unknown, { attempt, method, args, elapsed }: Omit<RetryContext, "error">): boolean => {
      seen.push([result, attempt, method, args, elapsed >= 0]);
      return result === "b";
    };
    await using pool = open({ retries: 1, until: look });
    await pool.answer("a", "b");
    expect(seen).toEqual([
      ["a", 1, "answer", ["a", "b"], true],
      ["b", 2, "answer", ["a", "b"], true],
    ]);
  });

  it("stay what they are, as a schema decides and does not convert", async () => {
    await using pool = open({ retries: 1, until: z.coerce.number() });
    expect(await pool.answer("x", "12")).toBe("12");
  });

  it("are those of calls: streams have none", async () => {
    await using pool = open({ retries: 1, until: () => false });
    expect(await collect(pool.items(2, 0))).toEqual([0, 1, -1]);
  });

  it("can be given up while one is looked at", async () => {
    let hasAsked = false;
    const ask = async (): Promise<boolean> => {
      hasAsked = true;
      return new Promise<boolean>(() => undefined);
    };
    await using pool = open({ retries: 1, until: ask });
    const future = pool.answer("a");
    await until(() => hasAsked);
    expect(pool.stats().calls).toMatchObject({ queued: 1, running: 0 });
    future.cancel();
    expect(future.status).toBe("cancelled");
    expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0, cancelled: 1 });
  });

  it("may be said of in the definition", async () => {
    await using pool = PersistentWorker.options({ mode, maxWorkers: 1 }).init();
    expect(await pool.answer("bad", "good")).toBe("good");
    await expect(pool.answer("bad")).rejects.toMatchObject({ validationErrors: ["not good", "not good", "not good"] });
  });
});
