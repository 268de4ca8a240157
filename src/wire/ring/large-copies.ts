/** Copies of large buffers that can be handed over to another thread. */
import { types } from "node:util";
import { BYTE_KINDS, RAW_BUFFER } from "../codec/byte-kinds.js";

/** From this size on a copy that is handed over is cheaper than a structured clone. */
const WORTHWHILE_BYTES = 65_536;

// What a value is by nature, whatever its class makes of these.
const VIEW = Object.getPrototypeOf(Uint8Array.prototype) as object;
const kindOf = getter(VIEW, Symbol.toStringTag) as (this: unknown) => string | undefined;
const bufferOf = getter(VIEW, "buffer") as (this: unknown) => ArrayBufferLike;
const bytesOfView = getter(VIEW, "byteLength") as (this: unknown) => number;
const bytesOf = getter(ArrayBuffer.prototype, "byteLength") as (this: unknown) => number;

/** An entry as it is now, and what is handed over with it. */
export interface CopiedEntry {
  readonly values: readonly unknown[];
  readonly transfer: readonly object[];
}

/**
 * Copies the large buffers of an entry, which then can be handed over: a structured clone is written into memory first, and
 * read from there into other memory, all of it fresh, and the kernel takes longer for fresh pages than it takes to copy.
 *
 * @returns `undefined` where the other values may refer to the same memory, which a clone would keep, or are not large
 */
export function copyLarge(entry: readonly unknown[]): CopiedEntry | undefined {
  let values: unknown[] | undefined;
  const transfer: ArrayBuffer[] = [];
  const sources = new Set<ArrayBuffer>();
  for (const [index, value] of entry.entries()) {
    if (typeof value === "function" || typeof value === "symbol") return undefined;
    if (typeof value !== "object" || value === null) continue;
    const name = kindOf.call(value);
    const buffer = wholeBuffer(value, name);
    if (!buffer || sources.has(buffer)) return undefined;
    sources.add(buffer);
    const copy = Buffer.allocUnsafeSlow(bytesOf.call(buffer)).buffer as ArrayBuffer;
    new Uint8Array(copy).set(new Uint8Array(buffer));
    transfer.push(copy);
    values ??= [...entry];
    values[index] = name === undefined ? copy : new BYTE_KINDS[kindNamed(name)]!(copy);
  }
  return values && { values, transfer };
}

/** The large buffer that a value is, or looks at from end to end: of a part, a clone has the whole. */
function wholeBuffer(value: object, kind: string | undefined): ArrayBuffer | undefined {
  if (kind !== undefined && kindNamed(kind) <= RAW_BUFFER) return undefined;
  const buffer = kind === undefined ? value : bufferOf.call(value);
  if (!types.isArrayBuffer(buffer) || bytesOf.call(buffer) < WORTHWHILE_BYTES) return undefined;
  // A clone can be resized too.
  if ((buffer as ArrayBuffer & { readonly resizable?: boolean }).resizable) return undefined;
  return kind === undefined || bytesOfView.call(value) === bytesOf.call(buffer) ? buffer : undefined;
}

/** The place of a kind of views in the list; -1 for one that Node.js has and we do not know. */
function kindNamed(name: string): number {
  return BYTE_KINDS.findIndex((kind) => kind.name === name);
}

function getter(prototype: object, key: PropertyKey): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get!;
}
