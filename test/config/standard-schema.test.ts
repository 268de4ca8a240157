import * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import {
  type InferInput,
  type InferOutput,
  isStandardSchema,
  type StandardSchema,
} from "../../dist/config/standard-schema.js";

const zodArgs = z.tuple([z.object({ text: z.string(), size: z.coerce.number<string>() }), z.boolean().default(true)]);
const valibotArgs = v.tuple([
  v.object({ text: v.string(), size: v.pipe(v.string(), v.transform(Number)) }),
  v.optional(v.boolean(), true),
]);

describe("InferInput and InferOutput", () => {
  it("know the types of zod", () => {
    expectTypeOf(zodArgs).toExtend<StandardSchema>();
    expectTypeOf<InferInput<typeof zodArgs>>().toEqualTypeOf<z.input<typeof zodArgs>>();
    expectTypeOf<InferOutput<typeof zodArgs>>().toEqualTypeOf<[{ text: string; size: number }, boolean]>();
    expectTypeOf<InferInput<typeof zodArgs>[0]>().toEqualTypeOf<{ text: string; size: string }>();
  });

  it("know the types of valibot", () => {
    expectTypeOf(valibotArgs).toExtend<StandardSchema>();
    expectTypeOf<InferInput<typeof valibotArgs>>().toEqualTypeOf<v.InferInput<typeof valibotArgs>>();
    expectTypeOf<InferOutput<typeof valibotArgs>>().toEqualTypeOf<[{ text: string; size: number }, boolean]>();
    expectTypeOf<InferInput<typeof valibotArgs>[0]>().toEqualTypeOf<{ text: string; size: string }>();
  });

  it("know the types of asynchronous schemas, and of a StandardSchema with parameters", () => {
    const later = v.pipeAsync(
      v.string(),
      v.transformAsync(async (text) => text.length),
    );
    expectTypeOf(later).toExtend<StandardSchema>();
    expectTypeOf<InferOutput<typeof later>>().toEqualTypeOf<number>();
    expectTypeOf<InferInput<StandardSchema<string, number>>>().toEqualTypeOf<string>();
    expectTypeOf<InferOutput<StandardSchema<string, number>>>().toEqualTypeOf<number>();
    expectTypeOf<z.ZodType<number, string>>().toExtend<StandardSchema<string, number>>();
    expectTypeOf<z.ZodType<number, string>>().not.toExtend<StandardSchema<string, boolean>>();
  });
});

describe("isStandardSchema", () => {
  const standard = { version: 1, vendor: "test", validate: () => ({ value: 1 }) };

  it.each<[what: string, schema: unknown]>([
    ["zod", zodArgs],
    ["valibot", valibotArgs],
    ["a function that is one, as arktype makes", Object.assign(() => {}, { "~standard": standard })],
    ["a class that inherits it", Object.create({ "~standard": standard })],
  ])("knows a schema of %s", (_what, schema) => {
    expect(isStandardSchema(schema)).toBe(true);
  });

  it.each<[schema: unknown]>([
    [undefined],
    [null],
    ["schema"],
    [{}],
    [() => true],
    [{ "~standard": null }],
    [{ "~standard": "zod" }],
    [{ "~standard": { ...standard, version: 2 } }],
    [{ "~standard": { ...standard, validate: undefined } }],
  ])("does not take %o for one", (value) => {
    expect(isStandardSchema(value)).toBe(false);
  });
});
