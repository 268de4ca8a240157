import * as path from "node:path";
import vm from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ValueReader } from "../../../dist/wire/codec/value-reader.js";
import { ValueWriter, Written } from "../../../dist/wire/codec/value-writer.js";
import { same } from "./same.js";

/** A writer and its reader, over memory of their own. */
class Pair {
  readonly writer = new ValueWriter();
  readonly reader = new ValueReader();

  constructor(memory: Buffer = Buffer.alloc(1 << 20)) {
    this.writer.bytes = memory;
    this.writer.end = memory.length;
    this.reader.bytes = memory;
  }

  /** What becomes of a group of values; `undefined` when it is foreign. */
  carry(values: readonly unknown[]): unknown[] | undefined {
    this.writer.at = 0;
    const written = this.writer.write(values, 0, values.length);
    if (written !== Written.yes) {
      expect(this.writer.at).toBe(0);
      return undefined;
    }
    this.reader.at = 0;
    const back: unknown[] = [];
    this.reader.readTo(this.writer.at, back);
    expect(this.reader.at).toBe(this.writer.at);
    return back;
  }
}

function carried(value: unknown): unknown {
  const back = new Pair().carry([value]);
  if (back === undefined) throw new Error("It is foreign");
  expect(back).toHaveLength(1);
  return back[0];
}

function isForeign(...values: unknown[]): boolean {
  return new Pair().carry(values) === undefined;
}

class Point {
  x = 1;
  y: unknown;
  readonly #secret = 3;
  constructor(y: unknown = 2) {
    this.y = y;
  }
  get sum(): number {
    return this.x + this.#secret;
  }
}
class Point3 extends Point {
  z = 3;
}
function Old(this: { a: number }): void {
  this.a = 1;
}
Old.prototype.method = (): void => {};

const long = "x".repeat(70_000);

const carriedKinds: Record<string, unknown> = {
  "small integers": [0, 1, 127, 128, -1, 255, 256, 0x7fff, 0x8000, -0x8000, -0x8001],
  "large integers": [2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER, Date.now()],
  "other numbers": [-0, NaN, Infinity, -Infinity, 0.25, 5e-324, Number.MAX_VALUE],
  words: [true, false, null, undefined],
  "short strings": ["", "a", ..."abcdefghijklmnopqrstuvwxyz".split("").map((_, at, all) => all.slice(0, at).join(""))],
  "strings on both sides of each length": [19, 20, 21, 62, 63, 64, 65].map((length) => "y".repeat(length)),
  "long strings": [long, `${long}é`, `${long}€`, "€".repeat(70_000)],
  "strings of other characters": ["é", "ÿ".repeat(30), "Ā", "€uro", "👋", `${"a".repeat(40)}👋`, "\0", "\u2028"],
  "halves of surrogates": ["\ud800", "a\udc00b", `${"x".repeat(40)}\udfff`],
  bigints: [0n, -1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 7n ** 200n, -(7n ** 200n)],
  "empty things": [{}, [], new Map(), new Set(), new Uint8Array()],
  objects: [{ id: 1, name: "one", tags: ["a"], n: 0.5 }, { b: 1, a: 2 }, { a: 1, b: 2 }, { a: undefined }],
  "keys like indexes": { 10: "a", 2: "b", x: 1, "01": 2, "-1": 3 },
  "a key named __proto__": JSON.parse('{"__proto__": {"a": 1}, "b": 2}'),
  "keys of other names": {
    constructor: 1,
    toString: 2,
    hasOwnProperty: 3,
    "": 4,
    "é€": 5,
    'a"b\\\n\u2028': 6,
    "\ud800": 7,
  },
  "an object without prototype": Object.assign(Object.create(null), { a: 1 }),
  "an object with a symbol": { a: 1, [Symbol("b")]: 2 },
  "an object with a hidden field": Object.defineProperty({ a: 1 }, "b", { value: 2 }),
  "an object with a getter": {
    get a() {
      return { b: 1 };
    },
  },
  "frozen things": Object.freeze({ a: Object.freeze([1]) }),
  "an object with many keys": Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`key${at}`, at])),
  "an object with a long key": { [long]: 1 },
  "instances of classes": [new Point(), new Point3(), new Point({ deep: new Point() })],
  "an instance of a function": Reflect.construct(Old, []),
  "an object of another realm": vm.runInNewContext("({ a: [1, { b: 2 }] })"),
  "objects that inherit": Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } }),
  "an iterable": { *[Symbol.iterator]() {} },
  "the constants of a module": path.posix.sep,
  arrays: [[], [[]], [undefined, null], Array.from({ length: 300 }, (_, at) => at), [[1, [2, [3]]]]],
  "an array of a class": class extends Array {}.from([1, 2]),
  dates: [new Date(0), new Date(-1), new Date(NaN), new Date(8.64e15)],
  maps: new Map<unknown, unknown>([
    [1, "a"],
    [{ k: 1 }, new Map([["in", new Set([1])]])],
    [NaN, -0],
    [undefined, undefined],
  ]),
  sets: new Set<unknown>([1, "1", { a: 1 }, [2], NaN, undefined]),
  "typed arrays": [
    new Uint8Array([1, 2]),
    new Uint8ClampedArray([1, 255]),
    new Int8Array([-1]),
    new Uint16Array([65_535]),
    new Int16Array([-2]),
    new Uint32Array([2 ** 32 - 1]),
    new Int32Array([-3]),
    new Float32Array([0.5, NaN]),
    new Float64Array([-0, 1e300]),
    new BigUint64Array([2n ** 64n - 1n]),
    new BigInt64Array([-1n]),
  ],
  buffers: [new ArrayBuffer(0), new Uint8Array([1, 2, 3]).buffer, Buffer.alloc(10_000, 7)],
};

describe("ValueWriter and ValueReader", () => {
  it.each(Object.entries(carriedKinds))("carry %s as structured clone does", (_, value) => {
    const back = carried(value);
    expect(same(back, structuredClone(value))).toBe(true);
  });

  it.each(Object.entries(carriedKinds))("carry %s again and again", (_, value) => {
    const pair = new Pair();
    const clone = structuredClone(value);
    for (let time = 0; time < 20; time += 1) {
      const back = pair.carry([value, time]);
      expect(back?.[1]).toBe(time);
      expect(same(back?.[0], clone)).toBe(true);
    }
  });

  const shared = { a: 1 };
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const buffer = new ArrayBuffer(8);
  const holes: unknown[] = [1, 2, 3];
  Reflect.deleteProperty(holes, 1);
  const holesAndMore = Object.assign([...holes], { extra: 1 });
  Reflect.deleteProperty(holesAndMore, 1);
  const detached = new ArrayBuffer(8);
  structuredClone(detached, { transfer: [detached] });
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];

  const foreignKinds: Record<string, unknown> = {
    "a function": () => {},
    "a symbol": Symbol("a"),
    "a function inside": { a: [() => {}] },
    "an error": new Error("no"),
    "an error inside": { cause: new TypeError("no") },
    "an error of a class": new (class Mine extends Error {})("no"),
    "a boxed number": Object(1),
    "a boxed string": Object("a"),
    "a boxed bigint": Object(1n),
    "a boxed symbol": Object(Symbol("a")),
    "shared memory": new SharedArrayBuffer(8),
    "a view of shared memory": new Uint8Array(new SharedArrayBuffer(8)),
    "a port": new MessageChannel().port1,
    "a blob": new Blob(["a"]),
    "a promise": Promise.resolve(1),
    "a weak map": new WeakMap(),
    "an iterator": [1].values(),
    "a generator": (function* () {})(),
    "a proxy": new Proxy({}, {}),
    "a proxy of an array": new Proxy([1], {}),
    "a proxy inside": [{ a: new Proxy({}, {}) }],
    "an object behind a proxy": Object.create(new Proxy({}, {}), { a: { value: 1, enumerable: true } }),
    arguments: (function (..._: unknown[]): unknown {
      // oxlint-disable-next-line prefer-rest-params -- they are what is tested
      return arguments;
    })(1, 2),
    "no arguments": (function (): unknown {
      // oxlint-disable-next-line prefer-rest-params -- they are what is tested
      return arguments;
    })(),
    "a module": path,
    "a regular expression": /a/,
    "an array with holes": holes,
    "an array with fields": Object.assign([1], { index: 0 }),
    "an array with holes and fields": holesAndMore,
    "a match": /a/.exec("a"),
    "an object that occurs twice": [shared, shared],
    "a date that occurs twice": Array.from({ length: 2 }).fill(new Date()),
    "an object that occurs twice among many": [...Array.from({ length: 100 }, () => ({})), shared, [shared]],
    "a circle": circle,
    "views of one buffer": [new Uint8Array(buffer), new Uint8Array(buffer)],
    "a view and its buffer": [new Uint8Array(buffer), buffer],
    "a view of a part": new Uint8Array(buffer, 1),
    "a small Buffer": Buffer.from("abc"),
    "a detached buffer": detached,
    "a resizable buffer": Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }]),
    "something deep": deep,
    "an impostor of a map": Object.create(Map.prototype),
    "an impostor of a date": Object.create(Date.prototype),
    "an impostor of bytes": Object.create(Uint8Array.prototype),
    "a map of a class": new (class extends Map {})(),
    "a field that throws": {
      get a(): never {
        throw new Error("no");
      },
    },
  };

  it.each(Object.entries(foreignKinds))("refuse %s", (_, value) => {
    expect(isForeign(value)).toBe(true);
    expect(isForeign("before", { a: 1 }, value)).toBe(true);
  });

  it("refuse an object that occurs twice in one group, and carry it in two", () => {
    const pair = new Pair();
    expect(pair.carry([shared, 1, shared])).toBeUndefined();
    expect(pair.carry([shared])).toEqual([{ a: 1 }]);
    expect(pair.carry([shared])).toEqual([{ a: 1 }]);
  });

  it("refuse an object whose getter takes another field away", () => {
    const value = (): object => ({
      get a() {
        return delete (this as { b?: number }).b;
      },
      b: 1,
    });
    expect(isForeign(value())).toBe(true);
    expect(isForeign("before", { a: 1 }, value())).toBe(true);
  });

  it("do not run the traps of a proxy", () => {
    const trap = (): never => {
      throw new Error("run");
    };
    const handler = new Proxy({}, { get: trap });
    expect(isForeign(new Proxy({}, handler), Object.create(new Proxy({}, handler) as object))).toBe(true);
  });

  it("carry values of any structure as structured clone does, or refuse them", () => {
    const pair = new Pair();
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 4 }), (values) => {
        const back = pair.carry(values);
        if (back !== undefined) expect(same(back, structuredClone(values))).toBe(true);
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.array(usual, { maxLength: 4 }), (values) => {
        expect(same(pair.carry(values), structuredClone(values))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("carry many messages, some of them taken back", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(fc.oneof(usual, anything), { maxLength: 3 }), step), { maxLength: 40 }),
        (messages) => {
          const { writer, reader } = new Pair(Buffer.from(new SharedArrayBuffer(1 << 16)));
          const expected: unknown[] = [];
          for (const [values, kind] of messages) {
            const start = writer.at;
            writer.end =
              kind.room === undefined ? writer.bytes.length : Math.min(start + kind.room, writer.bytes.length);
            const mark = writer.mark();
            const group = kind.isSpoilt ? [...values, () => {}] : values;
            const written = writer.write(group, 0, group.length);
            if (written !== Written.yes) {
              expect(writer.at).toBe(start);
            } else if (kind.isTakenBack) {
              writer.rollBack(start, mark);
            } else {
              expected.push(...structuredClone(values));
            }
          }
          const back: unknown[] = [];
          reader.readTo(writer.at, back);
          expect(same(back, expected)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("say that there is no room at every size but the last, and write within it", () => {
    const values = [
      { id: 1, name: "a name", list: [1, -2, 0.5, 1e6] },
      long.slice(0, 90),
      5n,
      new Date(1),
      new Set([1]),
    ];
    const memory = Buffer.alloc(1000, 0xee);
    const { writer } = new Pair(memory);
    const length = ((): number => {
      const measured = new Pair();
      measured.carry(values);
      return measured.writer.at;
    })();
    for (let room = 0; room <= length; room += 1) {
      writer.at = 10;
      writer.end = 10 + room;
      expect(writer.write(values, 0, values.length)).toBe(room < length ? Written.full : Written.yes);
      expect(memory.subarray(writer.end).every((byte) => byte === 0xee)).toBe(true);
    }
  });

  it("keep few shapes, however many there are, and still carry all", () => {
    const pair = new Pair();
    for (let at = 0; at < 60_000; at += 1) {
      const value = at % 3 === 0 ? { id: at, name: "a" } : { [`key${at}`]: at, [`other${at % 7}`]: 1 };
      const back = pair.carry([value, value.id]);
      if (at % 97 === 0) expect(same(back?.[0], value)).toBe(true);
    }
    // The usual ones are known by a number again.
    pair.carry([{ id: 1, name: "a" }]);
    expect(pair.writer.at).toBeLessThan(8);
  });

  it("refuse what a getter writes meanwhile", () => {
    const pair = new Pair();
    let inner: unknown;
    const value = {
      get a() {
        inner = pair.writer.write([1], 0, 1);
        return 1;
      },
    };
    expect(pair.carry([value])).toEqual([{ a: 1 }]);
    expect(inner).toBe(Written.foreign);
  });

  it("end garbage with an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const reader = new ValueReader();
        reader.bytes = Buffer.from(bytes);
        try {
          reader.readTo(bytes.length, []);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("end what is cut off with an error", () => {
    const memory = Buffer.alloc(1000);
    const { writer } = new Pair(memory);
    writer.write([{ id: 1, list: ["a", 0.5, "x".repeat(80), new Uint8Array(9)] }], 0, 1);
    for (let end = 1; end < writer.at; end += 1) {
      const reader = new ValueReader();
      reader.bytes = Buffer.from(memory.subarray(0, end));
      expect(() => reader.readTo(end, [])).toThrow(RangeError);
    }
  });
});

const step = fc.record({
  room: fc.option(fc.nat(300), { nil: undefined }),
  isSpoilt: fc.boolean(),
  isTakenBack: fc.boolean(),
});

const kinds = {
  maxDepth: 4,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withUnicodeString: true,
};
const anything = fc.anything({ ...kinds, withSparseArray: true, withTypedArray: true, withBoxedValues: true });
/** What is never refused. */
const usual = fc.anything(kinds);
