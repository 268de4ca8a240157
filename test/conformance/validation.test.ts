import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Arg,
  DefinitionError,
  type Future,
  type RetryContext,
  type Stream,
  ValidationError,
  worker,
} from "manyhands";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { LateWorker, ValibotWorker, validatedTask, ZodWorker } from "#fixtures/validated.js";
import { collect } from "./collect.js";
import { MODES, REMOTE_MODES } from "./modes.js";

/** A value that its type does not allow, as JSON or a form may bring it. */
function loose<T>(value: unknown): T {
  return value as T;
}

describe.each(MODES)("validation in mode %s", (mode) => {
  const one = { mode, maxWorkers: 1 } as const;

  describe.each([
    ["zod", ZodWorker, /args\[0\]\.text is invalid: .*expected string to have >=1 characters/],
    ["valibot", ValibotWorker, /args\[0\]\.text is invalid: .*Expected >=1 but received 0/],
  ])("with %s", (_, definition, tooShort) => {
    it("converts what a worker is constructed with and what its methods are given", async () => {
      await using pool = definition.options(one).init(loose("12"));
      expect(await pool.limit()).toBe(12);
      expect(await pool.describe(loose("34"))).toBe("number 34, none");
      expect(await pool.describe(loose("34"), "a note")).toBe("number 34, a note");
      expect(await pool.summarize({ text: "  short " })).toBe("short: no tags");
      expect(await collect(pool.lines(loose("2")))).toEqual(["line 0", "line 1"]);
      expect(await pool.unchecked("34")).toBe("34");
    });

    it("refuses what does not pass, with its path and what was expected", async () => {
      await using pool = definition.options(one).init(1);
      const failed = pool.describe(loose("many"));
      const error = (await failed.exception()) as ValidationError;
      expect(error).toBeInstanceOf(ValidationError);
      expect(error.message).toMatch(/^Cannot call '\w+\.describe' as args\[0\] is invalid: .*expected number/i);
      expect(error).toMatchObject({ code: "MH_VALIDATION", issues: [{ path: "args[0]" }] });
      expect(error.subject).toMatch(/^args of '\w+\.describe'$/);
      expect(failed).toMatchObject({ status: "failed", attempts: 0 });
      await expect(pool.summarize({ text: " " })).rejects.toThrow(tooShort);
      const tags = loose<string[]>(["a", 1]);
      await expect(pool.summarize({ text: "a", tags })).rejects.toThrow(
        /args\[0\]\.tags\[1\] is invalid: .*expected string/i,
      );
      await expect(pool.describe(1, loose(2))).rejects.toThrow(/args\[1\] is invalid: .*expected/i);
      await expect(collect(pool.lines(1.5))).rejects.toThrow(/args\[0\] is invalid/);
      expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0, done: 0, failed: 5 });
      // None of them was sent, so no worker was needed.
      expect(pool.stats().loadBalancer.dispatched).toBe(0);
      expect(pool.stats().workers.each.map(({ state }) => state)).toEqual(["cold"]);
    });

    it("refuses constructor arguments before a worker is started", () => {
      const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
      const journal = join(folder, "starts");
      try {
        expect(() => definition.options(one).init(loose("none"), journal)).toThrow(ValidationError);
        expect(() => definition.options(one).init(loose("none"), journal)).toThrow(/^Cannot construct '\w+' as args/);
        expect(existsSync(journal)).toBe(false);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it("checks results, and says which", async () => {
      await using pool = definition.options(one).init(1);
      expect(await pool.score(7)).toBe(7);
      const error = (await pool.score("seven").exception()) as ValidationError;
      expect(error).toBeInstanceOf(ValidationError);
      expect(error.message).toMatch(/^Cannot take the result of '\w+\.score' as result is invalid: .*expected number/i);
      await expect(pool.score(11)).rejects.toThrow(/10/);
      expect(pool.stats().calls).toMatchObject({ done: 1, failed: 2 });
    });

    it("retries after a result that does not pass only where `on` says so", async () => {
      const contexts: RetryContext[] = [];
      const backoff = (context: RetryContext): number => {
        contexts.push(context);
        return 0;
      };
      await using plain = definition.options({ ...one, retry: { retries: 2, backoff } }).init(1);
      await expect(plain.score(7, "seven", 1)).rejects.toBeInstanceOf(ValidationError);
      expect(contexts).toHaveLength(0);
      const retry = { retries: 2, backoff, on: ValidationError };
      await using pool = definition.options({ ...one, retry }).init(1);
      expect(await pool.score(7, "seven", 2)).toBe(7);
      expect(contexts.map(({ error, attempt }) => [(error as Error).name, attempt])).toEqual([
        ["ValidationError", 1],
        ["ValidationError", 2],
      ]);
      // Arguments stay the same: those that do not pass are not tried again.
      const failed = pool.describe(loose("many"));
      await expect(failed).rejects.toBeInstanceOf(ValidationError);
      expect(contexts).toHaveLength(2);
    });

    it("looks at what comes out of a schema with `until` and `usage`, not at what went in", async () => {
      const seen: unknown[] = [];
      const until = (_: unknown, { args }: Omit<RetryContext, "error">): void => void seen.push(...args);
      await using pool = definition.options({ ...one, retry: { retries: 0, until } }).init(1);
      await pool.describe(loose("5"));
      expect(seen[0]).toBe(5);
    });

    it("unwraps futures first", async () => {
      await using pool = definition.options(one).init(1);
      const text = pool.unchecked(" from a future ");
      expect(await pool.summarize({ text: loose(text) })).toBe("from a future: no tags");
      const number = pool.unchecked("many");
      await expect(pool.describe(loose(number))).rejects.toThrow(/args\[0\] is invalid: .*expected number/i);
      const failed = pool.score("seven");
      await expect(pool.describe(failed)).rejects.toThrow(/Cannot take the result of/);
    });
  });

  it("awaits asynchronous schemas, of arguments and of results", async () => {
    await using pool = LateWorker.options(one).init(1);
    const future = pool.describe(3);
    expect(pool.stats().calls).toMatchObject({ queued: 1, running: 0 });
    expect(await future).toBe("number 3, none");
    await expect(pool.describe(-3)).rejects.toThrow(/is invalid: Expected a number above 0$/);
    expect(await pool.score(7)).toBe(7);
    await expect(pool.score(11)).rejects.toThrow(/result is invalid: Expected at most 10$/);
    expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0, done: 2, failed: 2 });
  });

  it("lets go of calls whose schema is still thinking", async () => {
    await using pool = LateWorker.options(one).init(1);
    const reason = new Error("No longer wanted");
    const future = pool.describe(3);
    future.cancel(reason);
    await expect(future).rejects.toBe(reason);
    await pool.drain();
    expect(pool.stats()).toMatchObject({ calls: { queued: 0, cancelled: 1 }, loadBalancer: { dispatched: 0 } });
  });

  it("checks and converts for a task", async () => {
    await using checked = validatedTask.options({ mode, maxWorkers: 1 });
    expect(await checked(loose("12"))).toBe("NUMBER 12");
    await expect(checked(loose("many"))).rejects.toThrow(/args\[0\] is invalid: expected number, received NaN/);
    await expect(checked(-1)).rejects.toThrow(/result is invalid/);
  });
});

describe.each(REMOTE_MODES)("validation in a pool that blocks in mode %s", (mode) => {
  it("happens on the caller's side too", () => {
    using pool = ZodWorker.options({ mode, maxWorkers: 1, blocking: true }).init(loose("12"));
    expect(pool.limit()).toBe(12);
    expect(pool.describe(loose("34"))).toBe("number 34, none");
    expect(() => pool.describe(loose("many"))).toThrow(ValidationError);
    expect(() => pool.describe(loose("many"))).toThrow(/args\[0\] is invalid: expected number, received NaN/);
    expect(() => pool.score("seven")).toThrow(
      expect.objectContaining({
        code: "MH_VALIDATION",
        issues: [{ path: "result", message: expect.any(String) }],
      }) as Error,
    );
  });

  it("refuses constructor arguments when the pool is made", () => {
    const open = (): unknown => ZodWorker.options({ mode, maxWorkers: 1, blocking: true }).init(loose("none"));
    expect(open).toThrow(/^Cannot construct 'ZodValidated' as args/);
    expect(open).toThrow(ValidationError);
  });
});

describe("validation in a pool that blocks in mode sync", () => {
  it("is the same", () => {
    using pool = ZodWorker.options({ mode: "sync", blocking: true }).init(loose("12"));
    expect(pool.limit()).toBe(12);
    expect(() => pool.describe(loose("many"))).toThrow(ValidationError);
  });
});

describe("a schema in a definition", () => {
  class Parser {
    parse(text: string): string {
      return text;
    }

    *words(text: string): Generator<string> {
      yield* text.split(" ");
    }
  }
  const define = (schema: unknown): unknown => worker(import.meta, Parser, { schema: loose(schema) });

  it.each<[string, object, RegExp]>([
    ["an unknown method", { methods: { prase: {} } }, /'Parser\.prase'.*did you mean 'parse'\?$/],
    [
      "what is no schema",
      { methods: { parse: { args: 5 } } },
      /'schema\.methods\.parse\.args' as it must be a Standard Schema/,
    ],
    [
      "a mere object",
      { methods: { parse: { result: {} } } },
      /'schema\.methods\.parse\.result' as it must be a Standard/,
    ],
    ["a class for init", { init: Parser }, /'schema\.init' as it must be a Standard Schema.*\[class Parser\]$/],
    [
      "an unknown field",
      { methods: { parse: { argz: z.any() } } },
      /'schema\.methods\.parse\.argz'.*did you mean 'args'\?$/,
    ],
    ["an unknown section", { method: {} }, /'schema\.method' as there is no such option: did you mean 'methods'\?$/],
    [
      "the result of a stream",
      { methods: { words: { result: z.string() } } },
      /'schema\.methods\.words\.result'.*stream/,
    ],
    ["a schema in place of one for each method", z.object({}), /'schema\.\w+' as there is no such option/],
  ])("is refused: %s", (_, schema, message) => {
    expect(() => define(schema)).toThrow(message);
  });

  it("names an unknown method with an error of its own", () => {
    expect(() => define({ methods: { prase: {} } })).toThrow(DefinitionError);
  });

  it("must answer at once for constructor arguments", () => {
    class Slow {
      run(): number {
        return 1;
      }
    }
    const definition = worker(import.meta, Slow, { schema: { init: z.array(z.any()).refine(async () => true) } });
    expect(() => definition.options({ mode: "async" }).init()).toThrow(/must be synchronous/);
  });

  it("must make a list of arguments of one", async () => {
    const schema = { methods: { parse: { args: z.any().transform(() => "text") } } };
    await using pool = worker(import.meta, Parser, { schema })
      .options({ mode: "async" })
      .init();
    await expect(pool.parse("a")).rejects.toThrow(/must be of a tuple or an array: it returned a string$/);
  });

  it("fails the call with the error that it throws as the cause, also beside values that are secret", async () => {
    const thrown = new EvalError("A blunder");
    const args = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => {
          throw thrown;
        },
      },
    } as const;
    await using pool = worker(import.meta, Parser, { schema: { methods: { parse: { args } } } })
      .options({ mode: "async" })
      .init();
    const error = (await pool.parse("secret").exception()) as ValidationError;
    expect(error).toBeInstanceOf(ValidationError);
    expect(error.cause).toBe(thrown);
    expect(error.message).not.toContain("secret");
  });

  it("leaves the types of calls as they are", async () => {
    await using pool = ZodWorker.options({ mode: "async" }).init(1);
    expectTypeOf(pool.describe).toEqualTypeOf<(value: Arg<number>, note?: Arg<string | undefined>) => Future<string>>();
    expectTypeOf(pool.lines).returns.toEqualTypeOf<Stream<string>>();
    expectTypeOf(ZodWorker.init).parameters.toEqualTypeOf<[limit: number, journal?: string]>();
    expect(await pool.describe(1)).toBe("number 1, none");
  });

  it("knows the methods by their types", () => {
    const args = z.tuple([z.string()]);
    // @ts-expect-error -- there is no such method
    expect(() => worker(import.meta, Parser, { schema: { methods: { prase: { args } } } })).toThrow(DefinitionError);
    // @ts-expect-error -- that is no schema
    expect(() => worker(import.meta, Parser, { schema: { methods: { parse: { args: 5 } } } })).toThrow(TypeError);
  });
});

it("starts a worker for the first call that passes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
  const journal = join(folder, "starts");
  try {
    await using pool = ZodWorker.options({ mode: "thread", maxWorkers: 1 }).init(loose("12"), journal);
    await expect(pool.describe(loose("many"))).rejects.toBeInstanceOf(ValidationError);
    expect(existsSync(journal)).toBe(false);
    await pool.describe(1);
    expect(readFileSync(journal, "utf8")).toBe("started\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
