import { SerializationError } from "manyhands";
import { describe, expect, it } from "vitest";
import { findUnsendable, unsendableError } from "../../dist/wire/unsendable.js";

const trySend = (value: unknown): void => void structuredClone(value);
const fn = (): void => {};

function pathOf(value: unknown): string | undefined {
  return findUnsendable("args[0]", value, trySend)?.path;
}

function errorFor(value: unknown): SerializationError {
  const cause = new Error("the cause");
  return unsendableError("call 'hash'", "args[0]", value, trySend, cause);
}

describe("findUnsendable", () => {
  it.each([
    ["a string", "text"],
    ["nothing", undefined],
    ["nested data", { a: [new Map([["k", new Set([1n])]])], b: new Date(0), c: /x/u, d: new Error("e") }],
    ["bytes", new Uint8Array(3)],
  ])("finds no fault in %s", (_name, value) => {
    expect(findUnsendable("args[0]", value, trySend)).toBeUndefined();
  });

  it("finds no fault in a cycle of plain data", () => {
    const cycle: { self?: unknown } = {};
    cycle.self = [cycle];
    expect(pathOf(cycle)).toBeUndefined();
  });

  it.each([
    ["the value itself", fn, "args[0]"],
    ["a property", { handlers: { onDone: fn } }, "args[0].handlers.onDone"],
    ["an element", [1, [2, fn]], "args[0][1][1]"],
    ["a property that is no identifier", { "on-done": { 'a"b': fn } }, 'args[0]["on-done"]["a\\"b"]'],
    ["a property with letters beyond ASCII", { größe: { $_1: fn } }, "args[0].größe.$_1"],
    ["a property that begins with a digit", { "1st": fn }, 'args[0]["1st"]'],
    ["a value of a Map", new Map<unknown, unknown>([["a", 1]]).set("b", { c: fn }), 'args[0].get("b").c'],
    ["a value of a Map under a number", new Map([[7, fn]]), "args[0].get(7)"],
    ["a key of a Map", new Map<unknown, unknown>([["a", 1]]).set({ f: fn }, 1), "args[0].keys()[1].f"],
    ["an element of a Set", new Set([1, { f: fn }]), "args[0].values()[1].f"],
    ["a property of an object without prototype", Object.assign(Object.create(null) as object, { f: fn }), "args[0].f"],
    ["the first of several", { a: 1, b: fn, c: fn }, "args[0].b"],
    ["a symbol", { kind: Symbol("kind") }, "args[0].kind"],
    ["a promise", { data: Promise.resolve(1) }, "args[0].data"],
    ["a WeakMap", { cache: new WeakMap() }, "args[0].cache"],
  ])("names the path of %s", (_name, value, path) => {
    expect(pathOf(value)).toBe(path);
  });

  it("names a value of a Map whose key has no text", () => {
    class Mute {
      toString(): string {
        throw new Error("no text");
      }
    }
    for (const key of [Object.create(null) as object, new Mute()]) {
      expect(pathOf(new Map([[key, { f: fn }]]))).toMatch(/^args\[0\]\..+\.f$/);
    }
  });

  it("finds the fault inside a cycle, and inside a part that occurs twice", () => {
    const cycle: { self?: unknown; list?: unknown[] } = {};
    cycle.self = cycle;
    cycle.list = [cycle, { f: fn }];
    expect(pathOf(cycle)).toBe("args[0].list[1].f");
    const shared = { f: fn };
    expect(pathOf({ a: { x: 1 }, b: shared, c: shared })).toBe("args[0].b.f");
  });

  it("ends in a cycle of which every part fails", () => {
    const [one, two]: { next?: object }[] = [{}, {}];
    one!.next = two!;
    two!.next = one!;
    const refuseAll = (): void => {
      throw new Error("refused");
    };
    expect(findUnsendable("args[0]", one, refuseAll)?.path).toBe("args[0].next");
  });

  it("tells the part and why it failed", () => {
    const found = findUnsendable("result", { f: fn }, trySend)!;
    expect(found.value).toBe(fn);
    expect(found.cause).toMatchObject({ name: "DataCloneError" });
  });

  it("names the holder of a getter that throws, and gives its error as the cause", () => {
    const error = new Error("not now");
    const hostile = {
      fine: 1,
      get broken(): number {
        throw error;
      },
    };
    expect(findUnsendable("args[0]", { hostile }, trySend)).toMatchObject({
      path: "args[0].hostile",
      cause: error,
    });
  });
});

describe("unsendableError", () => {
  it("is a SerializationError with the path and the cause", () => {
    const error = errorFor({ f: fn });
    expect(error).toBeInstanceOf(SerializationError);
    expect(error.code).toBe("MH_SERIALIZATION");
    expect(error.path).toBe("args[0].f");
    expect(error.cause).toMatchObject({ name: "DataCloneError" });
  });

  it.each([
    [
      { onDone: fn },
      "args[0].onDone is the function 'fn', which cannot be sent to or from a worker: pass data, and let the worker hold the function",
    ],
    [
      { onDone: (() => (): void => {})() },
      "args[0].onDone is a function, which cannot be sent to or from a worker: pass data, and let the worker hold the function",
    ],
    [[Promise.resolve(1)], "args[0][0] is of type Promise, which cannot be sent to or from a worker: await it first"],
    [
      { k: Symbol("kind") },
      "args[0].k is a symbol, which cannot be sent to or from a worker: Symbol(kind) could not be cloned.",
    ],
    [
      { cache: new WeakMap() },
      "args[0].cache is of type WeakMap, which cannot be sent to or from a worker: #<WeakMap> could not be cloned.",
    ],
  ])("says of %o what it is and what to do", (value, message) => {
    expect(errorFor(value).message).toBe(`Cannot call 'hash' as ${message}`);
  });

  it("names the whole when no part fails on its own", () => {
    // As with a buffer that is listed twice for transfer: each value passes by itself.
    const cause = new Error("listed twice");
    const error = unsendableError("return a result", "result", [1, 2], trySend, cause);
    expect(error.path).toBe("result");
    expect(error.cause).toBe(cause);
    expect(error.message).toBe(
      "Cannot return a result as result is an array, which cannot be sent to or from a worker: listed twice",
    );
  });

  it("describes objects with and without a class", () => {
    class Socket {}
    const describe = (value: unknown): string =>
      unsendableError("call 'hash'", "args[0]", value, () => {}, undefined).message;
    expect(describe({})).toContain("args[0] is an object,");
    expect(describe(Object.create(null))).toContain("args[0] is an object,");
    expect(describe(new Socket())).toContain("args[0] is of type Socket,");
    expect(describe(5n)).toContain("args[0] is a bigint,");
  });
});
