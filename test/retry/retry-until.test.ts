import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSchema, refusalOf, type ResultContext, type RetryUntil } from "../../dist/retry/retry-until.js";

const context: ResultContext = { attempt: 2, elapsed: 30, method: "run", args: [1] };

/** The types of the specification, as far as they bear on ours: a schema of any library fits them. */
interface StandardSchema<Input, Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}
type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };
interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

function schemaOf(issues: readonly StandardIssue[] | undefined, isAsync = false): StandardSchema<string, string> {
  const result: StandardResult<string> = issues ? { issues } : { value: "other" };
  const validate = (): StandardResult<string> | Promise<StandardResult<string>> =>
    isAsync ? Promise.resolve(result) : result;
  return { "~standard": { version: 1, vendor: "test", validate } };
}

const ask = (result: unknown, ...until: RetryUntil[]): ReturnType<typeof refusalOf> =>
  refusalOf(result, context, until);

describe("refusalOf", () => {
  it("accepts anything when nobody is asked", () => {
    for (const result of [undefined, null, 0, "", {}]) expect(ask(result)).toBeUndefined();
  });

  it("accepts on true and on nothing", () => {
    expect(
      ask(
        1,
        () => true,
        () => undefined,
        () => {},
      ),
    ).toBeUndefined();
  });

  it("refuses with the reason", () => {
    expect(ask("ab", (text: string) => text.length > 2 || `Too short: ${text.length}`)).toBe("Too short: 2");
  });

  it("names the function that returned false, or its place", () => {
    const isLong = (): boolean => false;
    expect(ask(1, isLong)).toBe("'isLong' returned false");
    expect(
      ask(
        1,
        () => true,
        () => false,
      ),
    ).toBe("'until[1]' returned false");
    expect(ask(1, () => "")).toBe("'until[0]' returned an empty reason");
  });

  it("shows a function result and context", () => {
    const seen: unknown[] = [];
    void ask("result", (...given: unknown[]) => void seen.push(given));
    expect(seen).toEqual([["result", context]]);
  });

  it("accepts what a schema accepts, and refuses with its issues", () => {
    expect(ask(1, schemaOf(undefined))).toBeUndefined();
    const path = ["items", 0, { key: "name" }];
    expect(
      ask(
        1,
        schemaOf([
          { message: "Expected a string", path },
          { message: "Too few", path: [] },
        ]),
      ),
    ).toBe("Expected a string at 'items.0.name'; Too few");
  });

  it("takes a schema that is a function, as ArkType's are, for a schema", () => {
    const callable = Object.assign(() => true, schemaOf([{ message: "Expected a string" }]));
    expect(isSchema(callable)).toBe(true);
    expect(ask(1, callable)).toBe("Expected a string");
  });

  it("calls validate as a method of the schema", () => {
    const schema = {
      "~standard": {
        limit: 3,
        validate(value: unknown) {
          return (value as number) > this.limit ? { issues: [{ message: "Too much" }] } : {};
        },
      },
    };
    expect(ask(4, schema)).toBe("Too much");
    expect(ask(3, schema)).toBeUndefined();
  });

  it("answers with the first refusal, asks nobody after it, and with a promise only where it met one", async () => {
    const entry = fc.record({
      accepts: fc.boolean(),
      isAsync: fc.boolean(),
      isSchema: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (entries) => {
        const asked: number[] = [];
        const until = entries.map(({ accepts, isAsync, isSchema: asSchema }, index): RetryUntil => {
          const answer = <T>(value: T): T | Promise<T> => {
            asked.push(index);
            return isAsync ? Promise.resolve(value) : value;
          };
          const message = `Refused by ${index}`;
          if (!asSchema) return () => answer(accepts || message);
          return { "~standard": { validate: () => answer(accepts ? {} : { issues: [{ message }] }) } };
        });
        const refusing = entries.findIndex(({ accepts }) => !accepts);
        const reached = refusing < 0 ? entries : entries.slice(0, refusing + 1);
        const answer = ask("result", ...until);
        expect(answer instanceof Promise).toBe(reached.some(({ isAsync }) => isAsync));
        expect(await answer).toBe(refusing < 0 ? undefined : `Refused by ${refusing}`);
        expect(asked).toEqual(reached.map((_, index) => index));
      }),
    );
  });

  it("lets out what a function throws, and rejects with what one asked after a promise throws", async () => {
    const bug = new Error("bug");
    const buggy = (): boolean => {
      throw bug;
    };
    expect(() => ask(1, buggy)).toThrow(bug);
    await expect(ask(1, () => Promise.resolve(true), buggy)).rejects.toBe(bug);
    await expect(ask(1, () => Promise.reject(bug))).rejects.toBe(bug);
  });

  it.each([
    [1, "1"],
    [null, "null"],
    [{ a: 1 }, "{ a: 1 }"],
    [Object.create(null) as object, "[Object: null prototype] {}"],
  ])("refuses %o as the answer of a function", (answer, shown) => {
    expect(() => ask(1, () => answer as unknown as boolean)).toThrow(
      new TypeError(
        "Cannot tell whether a result of 'run' is acceptable as a function of 'until' must return a boolean, a string or " +
          `nothing: current value is ${shown}`,
      ),
    );
  });
});

describe("isSchema", () => {
  it.each([[null], [undefined], [1], ["~standard"], [{}], [() => true]])("does not take %o for one", (value) => {
    expect(isSchema(value)).toBe(false);
  });
});
