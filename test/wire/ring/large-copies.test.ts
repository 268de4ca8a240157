import { describe, expect, it } from "vitest";
import { copyLarge } from "../../../dist/wire/ring/large-copies.js";

const BYTES = 65_536;

/** A large buffer with something in it. */
function filled(bytes = BYTES): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes);
  new Uint8Array(buffer).forEach((_, index, view) => (view[index] = index));
  return buffer;
}

class Image extends Uint8Array {
  override get buffer(): ArrayBuffer {
    return new ArrayBuffer(1);
  }
}

describe("copyLarge", () => {
  it.each([
    ["an ArrayBuffer", filled()],
    ["bytes", new Uint8Array(filled())],
    ["a Buffer", Buffer.from(filled())],
    ["floats", new Float64Array(filled())],
    ["bigints", new BigInt64Array(filled())],
    ["an instance of a subclass", new Image(filled())],
    ["one whose class was changed", Object.setPrototypeOf(new Float32Array(filled()), Uint8Array.prototype)],
  ])("makes of %s what a structured clone does", (_, value: object) => {
    const { values, transfer } = copyLarge([3, "text", value, null, undefined, 4n])!;
    expect(values).toStrictEqual([3, "text", structuredClone(value), null, undefined, 4n]);
    const copy = values[2] as Uint8Array | ArrayBuffer;
    expect(transfer).toEqual([copy instanceof ArrayBuffer ? copy : copy.buffer]);
    expect((transfer[0] as ArrayBuffer).byteLength).toBe(BYTES);
    structuredClone(values, { transfer: transfer as ArrayBuffer[] });
    expect((transfer[0] as ArrayBuffer).byteLength).toBe(0);
  });

  it("copies several, and leaves the entry as it is", () => {
    const entry = [1, new Uint8Array(filled()), filled(2 * BYTES)];
    const before = [...entry];
    const { values, transfer } = copyLarge(entry)!;
    expect(values).toStrictEqual(entry);
    expect(entry.every((value, index) => value === before[index])).toBe(true);
    expect(transfer).toHaveLength(2);
    (entry[1] as Uint8Array)[0] = 99;
    expect((values[1] as Uint8Array)[0]).toBe(0);
  });

  const shared = filled();
  it.each<[string, unknown[]]>([
    ["nothing large", [1, "x".repeat(100_000)]],
    ["small bytes", [new Uint8Array(BYTES - 1)]],
    ["a part of a buffer", [new Uint8Array(filled(), 1)]],
    ["the same memory twice", [new Uint8Array(shared), shared]],
    ["other objects, which may refer to it", [new Uint8Array(shared), { shared }]],
    ["what no clone is made of", [new Uint8Array(filled()), () => {}]],
    ["shared memory", [new Uint8Array(new SharedArrayBuffer(BYTES))]],
    ["a proxy", [new Proxy(filled(), {})]],
    ["what only looks like one", [Object.create(ArrayBuffer.prototype)]],
    ["a DataView", [new DataView(filled())]],
    ["memory that can grow", [Reflect.construct(ArrayBuffer, [BYTES, { maxByteLength: 2 * BYTES }])]],
  ])("leaves %s to structured clone", (_, entry) => {
    expect(copyLarge(entry)).toBeUndefined();
  });

  it("leaves what has been handed over already to structured clone, which refuses it", () => {
    const bytes = new Uint8Array(filled());
    structuredClone(bytes, { transfer: [bytes.buffer] });
    expect(copyLarge([bytes])).toBeUndefined();
  });
});
