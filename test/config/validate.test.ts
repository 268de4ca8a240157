import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { StandardSchema } from "../../dist/config/standard-schema.js";
import { validateValue, validateValueSync, type ValidationSubject } from "../../dist/config/validate.js";
import { ValidationError } from "../../dist/errors.js";
import { decodeFailure, encodeFailure } from "../../dist/wire/error-codec.js";

const ARGS: ValidationSubject = { kind: "args", name: "Embedder.embed" };
const INIT: ValidationSubject = { kind: "init", name: "Embedder" };
const RESULT: ValidationSubject = { kind: "result", name: "Embedder.embed" };

/** A schema that answers as told. */
function schemaOf(validate: (value: unknown) => unknown): StandardSchema {
  return { "~standard": { version: 1, vendor: "test", validate: validate as () => { value: unknown } } };
}

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

describe("validateValue", () => {
  it("refuses arguments that the schema turns into something else, and only those", async () => {
    const first = z.tuple([z.string()]).transform(([text]) => text);
    const message =
      "Cannot call 'Embedder.embed' as the schema of args must be of a tuple or an array: it returned a string";
    expect(() => validateValue(first, ["a"], ARGS)).toThrow(new TypeError(message));
    expect(() =>
      validateValueSync(
        schemaOf(() => ({ value: null })),
        [],
        INIT,
      ),
    ).toThrow(
      new TypeError(
        "Cannot construct 'Embedder' as the schema of args must be of a tuple or an array: it returned null",
      ),
    );
    await expect(
      validateValue(
        schemaOf(async () => ({ value: "a" })),
        [],
        ARGS,
      ),
    ).rejects.toThrow(new TypeError(message));
    expect(validateValue(first, ["a"], RESULT)).toBe("a");
  });

  it("says that a schema of zod which throws looks asynchronous", () => {
    const throwing = z.array(z.unknown()).transform((): never => {
      throw new Error("no luck");
    });
    expect(() => validateValueSync(throwing, [], INIT)).toThrow(
      new TypeError(
        "Cannot construct 'Embedder' as the schema of args must be synchronous: it returned a promise, which zod also does when a check or transform throws",
      ),
    );
  });

  it("leaves no unhandled rejection behind when it refuses an asynchronous schema", async () => {
    const rejecting = schemaOf(async () => Promise.reject(new Error("no luck")));
    expect(() => validateValueSync(rejecting, [], INIT)).toThrow(TypeError);
    // In this turn Node, and so vitest, would report it.
    await turn();
  });

  it.each<[answer: unknown, what: string]>([
    [undefined, "it returned undefined"],
    [null, "it returned null"],
    [true, "it returned a boolean"],
    [{}, "it returned neither a value nor issues"],
    [{ value: [], issues: "none" }, "it returned issues without message or path"],
    [{ issues: [null] }, "it returned issues without message or path"],
    [{ issues: [{ message: 5 }] }, "it returned issues without message or path"],
    [{ issues: [{ message: "a", path: "b" }] }, "it returned issues without message or path"],
  ])("refuses a schema that answers with %j", async (answer, what) => {
    const error = new TypeError(
      `Cannot take the result of 'Embedder.embed' as the schema of result must answer as Standard Schema v1 says: ${what}`,
    );
    expect(() =>
      validateValue(
        schemaOf(() => answer),
        1,
        RESULT,
      ),
    ).toThrow(error);
    expect(() =>
      validateValueSync(
        schemaOf(() => answer),
        1,
        RESULT,
      ),
    ).toThrow(error);
    await expect(
      validateValue(
        schemaOf(async () => answer),
        1,
        RESULT,
      ),
    ).rejects.toThrow(error);
  });

  it("takes an undefined value, and issues that are null", () => {
    expect(
      validateValue(
        schemaOf(() => ({ value: undefined })),
        1,
        RESULT,
      ),
    ).toBeUndefined();
    expect(
      validateValue(
        schemaOf(() => ({ value: 2, issues: null })),
        1,
        RESULT,
      ),
    ).toBe(2);
  });

  it("takes a refusal without a reason", () => {
    const error = caught(() =>
      validateValue(
        schemaOf(() => ({ issues: [] })),
        [],
        ARGS,
      ),
    );
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({
      message: "Cannot call 'Embedder.embed' as args is invalid: the schema gave no reason",
      issues: [{ path: "args", message: "the schema gave no reason" }],
    });
  });

  it("takes paths of null, and of keys in objects", () => {
    const issues = [
      { message: "a", path: null },
      { message: "b", path: [{ key: 0 }, { key: "text" }] },
    ];
    expect(
      caught(() =>
        validateValue(
          schemaOf(() => ({ issues })),
          [],
          ARGS,
        ),
      ),
    ).toMatchObject({
      message: "Cannot call 'Embedder.embed' as args is invalid: a (and 1 more)",
      issues: [
        { path: "args", message: "a" },
        { path: "args[0].text", message: "b" },
      ],
    });
  });

  it("calls a schema as its method", () => {
    class Schema {
      readonly version = 1;
      readonly vendor = "test";
      validate(value: unknown): { value: unknown } {
        return { value: [value, this.vendor] };
      }
    }
    expect(validateValue({ "~standard": new Schema() }, 1, RESULT)).toEqual([1, "test"]);
  });

  it("does not put the value into any message of its own", async () => {
    const secret = "s3cret".repeat(100);
    const answers: unknown[] = [{ value: secret }, secret, { issues: [] }, { issues: [{ message: "No", path: [0] }] }];
    const throwing = schemaOf(() => {
      throw new Error(secret);
    });
    for (const schema of [...answers.map((answer) => schemaOf(() => answer)), throwing]) {
      const error = caught(() => validateValue(schema, [secret], ARGS)) as ValidationError;
      expect(error.message).not.toContain("s3cret");
      expect(JSON.stringify(error.issues ?? [])).not.toContain("s3cret");
    }
  });
});

describe("ValidationError", () => {
  it("stays itself on its way out of a worker", () => {
    const error = caught(() =>
      validateValue(z.tuple([z.object({ text: z.string() })]), [{ text: 5 }], ARGS),
    ) as ValidationError;
    const revived = decodeFailure(
      structuredClone(encodeFailure(error, () => true)),
      () => undefined,
      "worker 0",
    ) as ValidationError;
    expect(revived).toBeInstanceOf(ValidationError);
    expect(revived).toMatchObject({ code: "MH_VALIDATION", subject: error.subject, issues: error.issues });
  });
});
