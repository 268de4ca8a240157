import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { StandardSchema } from "../../dist/config/standard-schema.js";
import { validateValue, validateValueSync, type ValidationSubject } from "../../dist/config/validate.js";
import { ValidationError } from "../../dist/errors.js";

const ARGS: ValidationSubject = { kind: "args", name: "Embedder.embed" };
const INIT: ValidationSubject = { kind: "init", name: "Embedder" };
const RESULT: ValidationSubject = { kind: "result", name: "Embedder.embed" };

interface Library {
  readonly name: string;
  /** One argument `{ text: string }`, and a count that comes as text of digits. */
  readonly args: StandardSchema;
  /** The same, asynchronously. */
  readonly argsLater: StandardSchema;
  /** `{ items: number[] }` */
  readonly result: StandardSchema;
  /** Throws for every value, in a promise for zod. */
  readonly throws: (error: Error) => StandardSchema;
  /** What it says of `{ text: 5 }`, and of the count "x". */
  readonly wrongText: string;
  readonly wrongCount: string;
}

const zodArgs = z.tuple([z.object({ text: z.string() }), z.string().regex(/^\d+$/, "No digits").transform(Number)]);
const valibotArgs = v.tuple([
  v.object({ text: v.string() }),
  v.pipe(v.string(), v.regex(/^\d+$/, "No digits"), v.transform(Number)),
]);

const libraries: readonly Library[] = [
  {
    name: "zod",
    args: zodArgs,
    // First, as zod answers at once when the value fails before any asynchronous check.
    argsLater: z
      .array(z.unknown())
      .refine(async () => true)
      .pipe(zodArgs),
    result: z.object({ items: z.array(z.number()) }),
    throws: (error) =>
      z.array(z.unknown()).transform((): never => {
        throw error;
      }),
    wrongText: "expected string, received number",
    wrongCount: "No digits",
  },
  {
    name: "valibot",
    args: valibotArgs,
    argsLater: v.pipeAsync(
      valibotArgs,
      v.checkAsync(async () => true),
    ),
    result: v.object({ items: v.array(v.number()) }),
    throws: (error) =>
      v.pipe(
        v.array(v.unknown()),
        v.transform((): never => {
          throw error;
        }),
      ),
    wrongText: "Expected string but received 5",
    wrongCount: "No digits",
  },
];

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

describe.each(libraries)("validateValue with a schema of $name", (library) => {
  it("returns the coerced value at once", () => {
    expect(validateValue(library.args, [{ text: "a" }, "12"], ARGS)).toEqual([{ text: "a" }, 12]);
    expect(validateValueSync(library.args, [{ text: "a" }, "12"], INIT)).toEqual([{ text: "a" }, 12]);
    expect(validateValue(library.result, { items: [1, 2], more: 3 }, RESULT)).toEqual({ items: [1, 2] });
  });

  it("returns a promise of it when the schema is asynchronous", async () => {
    const promise = validateValue(library.argsLater, [{ text: "a" }, "12"], ARGS);
    expect(promise).toBeInstanceOf(Promise);
    expect(await promise).toEqual([{ text: "a" }, 12]);
  });

  it("names the part of an argument that is wrong", () => {
    const error = caught(() => validateValue(library.args, [{ text: 5 }, "1"], ARGS));
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({
      code: "MH_VALIDATION",
      message: `Cannot call 'Embedder.embed' as args[0].text is invalid: ${library.wrongText}`,
      subject: "args of 'Embedder.embed'",
      issues: [{ path: "args[0].text", message: expect.stringContaining(library.wrongText) }],
    });
    expect(Object.hasOwn(error as Error, "cause")).toBe(false);
  });

  it("lists all that is wrong, and counts it in the message", () => {
    const error = caught(() => validateValue(library.args, [{ text: 5 }, "x"], ARGS)) as ValidationError;
    expect(error.message).toBe(
      `Cannot call 'Embedder.embed' as args[0].text is invalid: ${library.wrongText} (and 1 more)`,
    );
    expect(error.issues.map(({ path }) => path)).toEqual(["args[0].text", "args[1]"]);
    expect(error.issues[1]!.message).toBe(library.wrongCount);
  });

  it("names the part of a result that is wrong", () => {
    const wrong = { items: [1, 2, "3", "4", "5"] };
    const error = caught(() => validateValue(library.result, wrong, RESULT)) as ValidationError;
    expect(error.message).toMatch(/^Cannot take the result of 'Embedder.embed' as result\.items\[2\] is invalid: /);
    expect(error.message).toMatch(/ \(and 2 more\)$/);
    expect(error.subject).toBe("result of 'Embedder.embed'");
    expect(error.issues.map(({ path }) => path)).toEqual([2, 3, 4].map((index) => `result.items[${index}]`));
  });

  it("names the argument of a constructor", () => {
    const error = caught(() => validateValueSync(library.args, [{ text: "a" }, "x"], INIT));
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({
      message: "Cannot construct 'Embedder' as args[1] is invalid: No digits",
      subject: "constructor args of 'Embedder'",
    });
  });

  it("rejects with the same error when the schema is asynchronous", async () => {
    const promise = validateValue(library.argsLater, [{ text: 5 }, "x"], ARGS);
    await expect(promise).rejects.toBeInstanceOf(ValidationError);
    await expect(promise).rejects.toThrow(
      `Cannot call 'Embedder.embed' as args[0].text is invalid: ${library.wrongText} (and 1 more)`,
    );
  });

  it("refuses an asynchronous schema where it cannot wait", () => {
    const error = caught(() => validateValueSync(library.argsLater, [{ text: 5 }, "x"], INIT));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toMatch(
      /^Cannot construct 'Embedder' as the schema of args must be synchronous: it returned a promise/,
    );
  });

  it("has what a schema throws as the cause", async () => {
    const cause = new Error("secret");
    const run = async (): Promise<unknown> => validateValue(library.throws(cause), [], ARGS);
    const error = await run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({
      message: "Cannot call 'Embedder.embed' as the schema of args threw an error: see its cause",
      subject: "args of 'Embedder.embed'",
      issues: [{ path: "args", message: "the schema threw an error" }],
      cause,
    });
  });
});
