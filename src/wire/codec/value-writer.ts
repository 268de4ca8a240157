/**
 * Writes values into memory that it is shown, each behind the last, as structured clone would carry them; a `ValueReader`
 * reads them.
 *
 * Owns the shapes of the objects it wrote: the reader has learnt them. A writer has one reader.
 *
 * W1. A value comes out as a structured clone of it, or is refused as `foreign`: no value changes silently.
 * W2. A write that fails leaves nothing behind, neither bytes nor shapes.
 * W3. Within one write each object occurs once: the reader makes an object for each place.
 * W4. User code that runs while it writes (a getter) and writes in turn is refused.
 */
import { types } from "node:util";
import { BYTE_KINDS, RAW_BUFFER } from "./byte-kinds.js";
import { Encounters } from "./encounters.js";
import { isPlainInstance } from "./plain-class.js";
import { type ShapeNode, ShapeTree } from "./shape-tree.js";
import { LONGEST_TEXT, Tag } from "./tags.js";
import { writeText, writeWideText } from "./text-bytes.js";

/** What became of a value that was to be written. */
export const Written = {
  /** It is there. */
  yes: 0,
  /** There was no room; nothing was written. */
  full: 1,
  /** It cannot be carried faithfully; nothing was written. */
  foreign: 2,
} as const;

/** Thrown where there is no room, and where a value is foreign. */
const FULL = Symbol("full");
const FOREIGN = Symbol("foreign");

/** Objects inside each other: deeper ones are left to V8, which does not use the stack for them. */
const DEEPEST = 100;
/** Up to this length a string is copied faster character by character than by a call into the runtime. */
const SHORT_TEXT = 20;
const { isProxy } = types;
const { getPrototypeOf, keys: keysOf, prototype: OBJECT } = Object;
const { hasOwnProperty, toString: describe } = OBJECT;
const timeOf = Date.prototype.getTime;
const sizeOfMap = getter(Map.prototype, "size");
const sizeOfSet = getter(Set.prototype, "size");
const kindOf = getter(getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag);
const lengthOfBuffer = getter(ArrayBuffer.prototype, "byteLength");
const entriesOf = Map.prototype.entries;
const valuesOf = Set.prototype.values;

/** Never matches, and at once, in a string that V8 holds with one byte a character. */
const WIDE = /[^\0-\xff]/;

const KIND_BY_PROTOTYPE = new Map<object, number>(BYTE_KINDS.map(({ prototype }, kind) => [prototype, kind]));
// A structured clone of a `Buffer` is a `Uint8Array`.
KIND_BY_PROTOTYPE.set(Buffer.prototype, BYTE_KINDS.indexOf(Uint8Array));

export class ValueWriter {
  bytes: Buffer = Buffer.alloc(0);
  /** Where the next value goes. */
  at = 0;
  /** Where the room for values ends. */
  end = 0;
  #view = new DataView(this.bytes.buffer, 0, 0);
  /** The memory that `#view` looks at. */
  #viewed = this.bytes;
  readonly #shapes = new ShapeTree();
  readonly #encounters = new Encounters();
  #isWriting = false;

  /**
   * Writes `values[from]` to `values[to - 1]` as one group: an object may occur in it once only, else it is foreign. All of
   * them, or none.
   */
  write(values: readonly unknown[], from: number, to: number): (typeof Written)[keyof typeof Written] {
    if (this.#isWriting) return Written.foreign;
    this.#isWriting = true;
    this.#shapes.renew();
    const start = this.at;
    const mark = this.#shapes.mark();
    if (this.#viewed !== this.bytes) this.#look();
    try {
      for (let index = from; index < to; index += 1) this.#value(values[index], 0);
      return Written.yes;
    } catch (thrown) {
      // Anything else is thrown by a getter: who writes the value in another way will meet it again.
      this.rollBack(start, mark);
      return thrown === FULL ? Written.full : Written.foreign;
    } finally {
      this.#encounters.forget();
      this.#isWriting = false;
    }
  }

  /** What `rollBack` needs to undo all that is written from now on. */
  mark(): number {
    return this.#shapes.mark();
  }

  /** Takes back what was written since `at` was there and `mark` returned this; the reader must not see it. */
  rollBack(at: number, mark: number): void {
    this.at = at;
    this.#shapes.rollBack(mark);
  }

  #look(): void {
    const { bytes } = this;
    this.#viewed = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "number":
        this.#number(value);
        return;
      case "string":
        this.#text(value);
        return;
      case "object":
        if (value === null) this.#tag(Tag.null);
        else this.#object(value, depth);
        return;
      case "boolean":
        this.#tag(value ? Tag.true : Tag.false);
        return;
      case "undefined":
        this.#tag(Tag.undefined);
        return;
      case "bigint":
        this.#bigint(value);
        return;
      default:
        throw FOREIGN;
    }
  }

  /** Notes that so many bytes from `at` are written; call it before they are. */
  #take(count: number): number {
    const at = this.at;
    const after = at + count;
    if (after > this.end) throw FULL;
    this.at = after;
    return at;
  }

  #tag(tag: number): void {
    this.bytes[this.#take(1)] = tag;
  }

  #number(value: number): void {
    // -0 is no integer here: it would become 0.
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      const at = this.#take(9);
      this.bytes[at] = Tag.double;
      this.#view.setFloat64(at + 1, value, true);
    } else if (value >= 0 && value < Tag.text) {
      this.bytes[this.#take(1)] = value;
    } else if (value >= -0x8000 && value < 0x8000) {
      const at = this.#take(3);
      this.bytes[at] = Tag.int16;
      this.#view.setInt16(at + 1, value, true);
    } else {
      const at = this.#take(5);
      this.bytes[at] = Tag.int32;
      this.#view.setInt32(at + 1, value, true);
    }
  }

  #text(value: string): void {
    const { length } = value;
    if (length > SHORT_TEXT) {
      this.#longerText(value, length);
      return;
    }
    const { bytes } = this;
    const start = this.#take(1 + length);
    bytes[start] = Tag.text + length;
    let all = 0;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      all |= code;
      bytes[start + 1 + index] = code;
    }
    if (all < 0x100) return;
    this.at = start;
    this.#wideText(value, length);
  }

  #longerText(value: string, length: number): void {
    if (WIDE.test(value)) {
      this.#wideText(value, length);
    } else if (length <= LONGEST_TEXT) {
      const at = this.#take(1 + length);
      this.bytes[at] = Tag.text + length;
      writeText(this.bytes, value, at + 1);
    } else {
      const at = this.#sized(Tag.longText, length, length);
      writeText(this.bytes, value, at);
    }
  }

  #wideText(value: string, length: number): void {
    const at = this.#sized(Tag.wideText, length, 2 * length);
    writeWideText(this.bytes, value, at);
  }

  /** A tag, a number of four bytes, and room for so many bytes, which begins at what is returned. */
  #sized(tag: number, size: number, room: number): number {
    const at = this.#take(5 + room);
    this.bytes[at] = tag;
    this.#view.setUint32(at + 1, size, true);
    return at + 5;
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      const at = this.#take(9);
      this.bytes[at] = Tag.bigint64;
      this.#view.setBigInt64(at + 1, value, true);
      return;
    }
    this.#tag(Tag.bigint);
    this.#tag(value < 0n ? Tag.true : Tag.false);
    this.#text((value < 0n ? -value : value).toString(16));
  }

  #object(value: object, depth: number): void {
    // A proxy first: any other look at it would run its traps.
    if (depth === DEEPEST || isProxy(value) || !this.#encounters.isNew(value)) throw FOREIGN;
    if (Array.isArray(value)) {
      this.#list(value, depth + 1);
      return;
    }
    const prototype = getPrototypeOf(value) as object | null;
    if (prototype === OBJECT) this.#fields(value, depth + 1);
    else this.#special(value, prototype, depth + 1);
  }

  #list(list: readonly unknown[], depth: number): void {
    const { length } = list;
    // Fewer keys: holes; more: fields besides. As many, with both, shows below.
    if (keysOf(list).length !== length) throw FOREIGN;
    if (length < 0x100) {
      const at = this.#take(2);
      this.bytes[at] = Tag.list;
      this.bytes[at + 1] = length;
    } else {
      this.#sized(Tag.longList, length, 0);
    }
    for (let index = 0; index < length; index += 1) {
      const element = list[index];
      if (element === undefined && !hasOwnProperty.call(list, index)) throw FOREIGN;
      this.#value(element, depth);
    }
  }

  /**
   * The own fields of an object. Keys are looked at first, as nothing can change by that; a getter may change all that
   * comes behind it.
   */
  #fields(value: object, depth: number): void {
    const shapes = this.#shapes;
    let node = shapes.root;
    for (const key in value) {
      if (!hasOwnProperty.call(value, key)) continue;
      node = node.key === key ? node.next! : shapes.step(node, key);
    }
    if (node.isDoubtful && describe.call(value) === "[object Arguments]") throw FOREIGN;
    if (node.id >= 0) {
      this.#reference(node.id);
    } else if (!this.#define(node, value)) {
      this.#record(value, depth);
      return;
    }
    let count = 0;
    for (const key in value) {
      if (!hasOwnProperty.call(value, key)) continue;
      this.#value((value as Record<string, unknown>)[key], depth);
      count += 1;
    }
    // A getter took fields away.
    if (count !== node.count) throw FOREIGN;
  }

  #reference(id: number): void {
    if (id < 0x100) {
      const at = this.#take(2);
      this.bytes[at] = Tag.shaped;
      this.bytes[at + 1] = id;
    } else {
      const at = this.#take(3);
      this.bytes[at] = Tag.shapedFar;
      this.#view.setUint16(at + 1, id, true);
    }
  }

  /** Begins an object whose shape the reader does not know yet; false: it gets none. */
  #define(node: ShapeNode, value: object): boolean {
    if (!this.#shapes.define(node)) return false;
    const at = this.#take(4);
    this.bytes[at] = Tag.shapedNew;
    this.#view.setUint16(at + 1, node.id, true);
    this.bytes[at + 3] = node.count;
    for (const key of keysOf(value)) this.#text(key);
    return true;
  }

  /** An object with its keys. */
  #record(value: object, depth: number): void {
    const keys = keysOf(value);
    this.#sized(Tag.record, keys.length, 0);
    for (const key of keys) {
      if (!hasOwnProperty.call(value, key)) throw FOREIGN;
      this.#text(key);
      this.#value((value as Record<string, unknown>)[key], depth);
    }
  }

  /** An object that is neither an array nor a plain one. */
  #special(value: object, prototype: object | null, depth: number): void {
    if (prototype === null) {
      if (types.isModuleNamespaceObject(value)) throw FOREIGN;
      this.#fields(value, depth);
    } else if (prototype === Date.prototype) {
      const at = this.#take(9);
      this.bytes[at] = Tag.date;
      this.#view.setFloat64(at + 1, timeOf.call(value as Date), true);
    } else if (prototype === Map.prototype) {
      this.#map(value as Map<unknown, unknown>, depth);
    } else if (prototype === Set.prototype) {
      this.#set(value as Set<unknown>, depth);
    } else {
      const kind = KIND_BY_PROTOTYPE.get(prototype);
      if (kind !== undefined) this.#bytes(value, kind);
      else if (isPlainInstance(value, prototype)) this.#fields(value, depth);
      else throw FOREIGN;
    }
  }

  #map(map: Map<unknown, unknown>, depth: number): void {
    const size = sizeOfMap.call(map) as number;
    this.#sized(Tag.map, size, 0);
    let left = size;
    for (const [key, value] of entriesOf.call(map)) {
      this.#value(key, depth);
      this.#value(value, depth);
      left -= 1;
    }
    // A getter added entries, or took some away.
    if (left !== 0) throw FOREIGN;
  }

  #set(set: Set<unknown>, depth: number): void {
    const size = sizeOfSet.call(set) as number;
    this.#sized(Tag.set, size, 0);
    let left = size;
    for (const value of valuesOf.call(set)) {
      this.#value(value, depth);
      left -= 1;
    }
    if (left !== 0) throw FOREIGN;
  }

  /** A buffer, or a view of all of one; of a part, the clone has the whole. */
  #bytes(value: object, kind: number): void {
    let buffer = value;
    if (kind !== RAW_BUFFER) {
      if (kindOf.call(value) !== BYTE_KINDS[kind]!.name) throw FOREIGN;
      buffer = (value as Uint8Array).buffer;
      if (!types.isArrayBuffer(buffer) || !this.#encounters.isNew(buffer)) throw FOREIGN;
    }
    const length = lengthOfBuffer.call(buffer) as number;
    if (kind !== RAW_BUFFER && (value as Uint8Array).byteLength !== length) throw FOREIGN;
    if (isChangeable(buffer as ArrayBuffer)) throw FOREIGN;
    const at = this.#take(6 + length);
    this.bytes[at] = Tag.bytes;
    this.bytes[at + 1] = kind;
    this.#view.setUint32(at + 2, length, true);
    // Throws for a detached buffer.
    this.bytes.set(new Uint8Array(buffer as ArrayBuffer), at + 6);
  }
}

/** Whether a clone of the buffer could be resized too. */
function isChangeable(buffer: ArrayBuffer): boolean {
  return (buffer as ArrayBuffer & { readonly resizable?: boolean }).resizable === true;
}

function getter(prototype: object, key: PropertyKey): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get!;
}
