/**
 * Keeps the values of one message apart.
 *
 * A message is one structured clone, and a clone keeps identity: an object passed to two calls that leave together would
 * arrive as one, and what the first call changes in it the second would see. Sent alone, each call has its own copy; so
 * has it here: where an entry refers to an object of an earlier entry, it is copied first.
 */
import { types } from "node:util";

export class Distinct {
  /** The objects of this message, and the entry each belongs to. */
  #owners = new Map<object, number>();
  #entries = 0;
  /** The values of the first entry with objects: most messages have no second. */
  #unvisited: readonly unknown[] | undefined;

  /** Begins a new message. */
  reset(): void {
    if (this.#entries === 0) return;
    this.#entries = 0;
    this.#unvisited = undefined;
    if (this.#owners.size > 0) this.#owners = new Map();
  }

  /** The values for the next entry: themselves, or a copy where one of them is part of an earlier entry. */
  keepApart(values: readonly unknown[]): readonly unknown[] {
    if (!values.some(isObject)) return values;
    try {
      return this.#apart(values);
    } catch {
      // Something in it throws when looked at, or cannot be sent: sending it will say so.
      return values;
    }
  }

  #apart(values: readonly unknown[]): readonly unknown[] {
    this.#entries += 1;
    if (this.#entries === 1) {
      this.#unvisited = values;
      return values;
    }
    if (this.#unvisited) {
      for (const value of this.#unvisited) this.#claim(value, 1);
      this.#unvisited = undefined;
    }
    let isShared = false;
    for (const value of values) isShared = this.#claim(value, this.#entries) || isShared;
    if (!isShared) return values;
    // Parts of one large buffer: their own bytes are enough, where a clone would take the whole buffer for each.
    if (values.every((value) => !isObject(value) || isTypedArray(value))) {
      return values.map((value) => (isTypedArray(value) ? copyOf(value) : value));
    }
    return structuredClone(values) as unknown[];
  }

  /** Notes that a value and its parts belong to this entry; `true` when one belongs to another. */
  #claim(value: unknown, entry: number): boolean {
    if (!isObject(value) || value instanceof SharedArrayBuffer) return false;
    const owner = this.#owners.get(value);
    if (owner !== undefined) return owner !== entry;
    this.#owners.set(value, entry);
    let isShared = false;
    if (Array.isArray(value)) {
      for (const part of value) isShared = this.#claim(part, entry) || isShared;
    } else if (ArrayBuffer.isView(value)) {
      isShared = this.#claim(value.buffer, entry);
    } else if (value instanceof Map || value instanceof Set) {
      for (const [key, part] of value.entries()) {
        isShared = this.#claim(key, entry) || isShared;
        isShared = this.#claim(part, entry) || isShared;
      }
    } else {
      isShared = this.#claimFields(value, entry);
    }
    return isShared;
  }

  #claimFields(value: object, entry: number): boolean {
    let isShared = value instanceof Error && this.#claim(value.cause, entry);
    for (const key of Object.keys(value)) {
      isShared = this.#claim((value as Record<string, unknown>)[key], entry) || isShared;
    }
    return isShared;
  }
}

type TypedArray = Extract<ArrayBufferView, { slice(): unknown }>;

function isTypedArray(value: unknown): value is TypedArray {
  return types.isTypedArray(value) && !(value.buffer instanceof SharedArrayBuffer);
}

/** The elements of a typed array in a buffer of their own; the `slice` of a `Buffer` would not copy. */
function copyOf(array: TypedArray): unknown {
  return Object.getPrototypeOf(Uint8Array.prototype).slice.call(array);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
