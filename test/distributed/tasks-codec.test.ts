import { isDeepStrictEqual, types } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SerializationError } from "manyhands";
import { decode, decodeThrown } from "../../dist/distributed/tasks/decode.js";
import { encode, encodeThrown, type Json } from "../../dist/distributed/tasks/encode.js";

const options = { path: "args", action: "delay 'add'", maxSize: 1 << 20 };

function there(value: unknown): unknown {
  return JSON.parse(JSON.stringify(encode(value, options).json)) as Json;
}

function roundTrip(value: unknown): unknown {
  return decode(there(value) as Json);
}

describe("codec of jobs", () => {
  test("keeps what a structured clone keeps", () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
      withNullPrototype: true,
      key: fc.oneof(fc.string(), fc.constantFrom("$", "__proto__", "value", "constructor", "toString")),
    });
    fc.assert(
      fc.property(anything, (value) => {
        // Node.js takes no two invalid dates for equal.
        fc.pre(isDeepStrictEqual(structuredClone(value), structuredClone(value)));
        expect(isDeepStrictEqual(roundTrip(value), structuredClone(value))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("keeps an invalid date", () => {
    expect((roundTrip([new Date(Number.NaN)]) as Date[])[0]!.getTime()).toBeNaN();
  });

  test("leaves what is JSON as it is", () => {
    const value = { name: "a", list: [1, 2.5, null, true], nested: { deep: "ü" } };
    expect(there(value)).toEqual(value);
  });

  test("keeps cycles and shared references", () => {
    const shared = { n: 1 };
    const value: Record<string, unknown> = { a: shared, b: [shared, new Map([["k", shared]])] };
    value.self = value;
    (value.b as unknown[]).push(value.b, new Date(5), new Set([value]));
    const read = roundTrip(value) as { a: object; b: unknown[]; self: object };
    expect(read.self).toBe(read);
    expect(read.b[0]).toBe(read.a);
    expect((read.b[1] as Map<string, unknown>).get("k")).toBe(read.a);
    expect(read.b[2]).toBe(read.b);
    expect([...(read.b[4] as Set<unknown>)][0]).toBe(read);
  });

  test("keeps special values", () => {
    expect(Object.is(roundTrip(-0), -0)).toBe(true);
    expect(roundTrip([Number.NaN, Number.NEGATIVE_INFINITY, undefined, 10n ** 30n])).toEqual([
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      undefined,
      10n ** 30n,
    ]);
    const pattern = roundTrip(/a"b\/c/giu) as RegExp;
    expect([pattern.source, pattern.flags]).toEqual(['a"b\\/c', "giu"]);
    expect(roundTrip(Buffer.from("hello"))).toEqual(new Uint8Array(Buffer.from("hello")));
    expect(types.isDataView(roundTrip(new DataView(new ArrayBuffer(3))))).toBe(true);
    expect(Number.isNaN((roundTrip(new Date(Number.NaN)) as Date).getTime())).toBe(true);
  });

  test("keeps errors in values", () => {
    const error = new RangeError("too far", { cause: new TypeError("not so") });
    const read = roundTrip({ error, same: error, after: [1] }) as {
      error: RangeError;
      same: RangeError;
      after: number[];
    };
    expect(read.error).toBeInstanceOf(RangeError);
    expect(read.same).toBe(read.error);
    expect(read.error.cause).toBeInstanceOf(TypeError);
    expect(read.after).toEqual([1]);
  });

  test("keys that look like tags, or like prototypes, are keys", () => {
    const value = JSON.parse('{ "$": "map", "value": [], "__proto__": { "polluted": true } }') as object;
    const read = roundTrip({ value }) as { value: Record<string, unknown> };
    expect(read.value).toEqual(value);
    expect(Object.getPrototypeOf(read.value)).toBe(Object.prototype);
    // Written by somebody else, without the care of `encode`.
    const foreign = decode(JSON.parse('{ "__proto__": { "polluted": true }, "a": 1 }') as Json) as object;
    expect(Object.getPrototypeOf(foreign)).toBe(Object.prototype);
    expect(Object.keys(foreign)).toEqual(["__proto__", "a"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each([
    ["args.a[1]", { a: [1, () => 1] }, /it is a function/],
    ["args.when", { when: Promise.resolve() }, /a promise: await it/],
    ["args[0]", [Symbol("s")], /it is a symbol/],
    ["args.get(k)", new Map([["k", new WeakMap()]]), /weak/],
  ])("names the path %s of what cannot be sent", (path, value, message) => {
    const thrown = attempt(() => encode(value, options)) as SerializationError;
    expect(thrown).toBeInstanceOf(SerializationError);
    expect(thrown.path).toBe(path);
    expect(thrown.message).toMatch(message);
  });

  test("refuses what is too large, and too deep", () => {
    expect(attempt(() => encode(["x".repeat(2000)], { ...options, maxSize: 1000 }))).toMatchObject({
      name: "SerializationError",
      message: expect.stringContaining("more than 1000 bytes") as string,
    });
    let deep: unknown = 1;
    for (let level = 0; level < 5000; level += 1) deep = [deep];
    expect(attempt(() => encode(deep, options))).toBeInstanceOf(SerializationError);
  });

  test.each([
    '{ "$": "Function", "value": "x" }',
    '{ "$": "ref", "value": 7 }',
    '{ "$": "map", "value": 3 }',
    '{ "$": "error", "value": { "root": 1 } }',
  ])("refuses %s, which nobody wrote", (json) => {
    expect(attempt(() => decode(JSON.parse(json) as Json))).toBeInstanceOf(SerializationError);
  });

  test("failures", () => {
    class Declined extends Error {
      readonly socket = () => 1;
      readonly at = new Date(7);
    }
    const json = JSON.parse(JSON.stringify(encodeThrown(new Declined("no"), 1 << 20))) as Json;
    const lookup = (name: string): object | undefined => (name === "Declined" ? Declined.prototype : undefined);
    const read = decodeThrown(json, { lookup, frame: "add (task 1)" }) as Declined & { omittedFields: string[] };
    expect(read).toBeInstanceOf(Declined);
    expect(read).toMatchObject({ message: "no", at: new Date(7), omittedFields: ["socket"] });
    expect(read.stack).toMatch(/at add \(task 1\)$/);
    const huge = decodeThrown(encodeThrown(new RangeError("y".repeat(5000)), 1000), {}) as RangeError;
    expect(huge).toBeInstanceOf(RangeError);
    expect(huge.message).toContain("too large");
  });
});

function attempt(step: () => unknown): unknown {
  try {
    step();
    return undefined;
  } catch (error) {
    return error;
  }
}
