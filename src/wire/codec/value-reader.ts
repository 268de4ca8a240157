/**
 * Reads what a `ValueWriter` wrote.
 *
 * Owns the shapes that the writer defined. Trusts the writer in that values are whole, but never reads beyond the end:
 * what is no encoding ends in an error.
 */
import { BYTE_KINDS, RAW_BUFFER } from "./byte-kinds.js";

import { setField, Shape } from "./shape.js";
import { Tag } from "./tags.js";
import { readText, readWideText } from "./text-bytes.js";

/** Longer arrays grow as they are read: V8 makes dictionaries of very long empty ones. */
const LONG_LIST = 1_000_000;

export class ValueReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  #end = 0;
  #view = new DataView(this.bytes.buffer, 0, 0);
  /** The memory that `#view` looks at. */
  #viewed = this.bytes;
  readonly #shapes: Shape[] = [];

  /**
   * Reads all values up to `end`, and adds them to `values`.
   * @throws {RangeError} for what no `ValueWriter` wrote
   */
  readTo(end: number, values: unknown[]): void {
    const { bytes } = this;
    if (this.#viewed !== bytes) {
      this.#viewed = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.#end = end;
    while (this.at < end) values.push(this.value());
    if (this.at > end) throw unreadable(this.at);
  }

  /** Reads the next value: for the functions of shapes. */
  value(): unknown {
    const at = this.at;
    const tag = this.bytes[at]!;
    this.at = at + 1;
    if (tag < Tag.text) return tag;
    if (tag < Tag.undefined) return this.#text(tag - Tag.text);
    switch (tag) {
      case Tag.undefined:
        return undefined;
      case Tag.null:
        return null;
      case Tag.true:
        return true;
      case Tag.false:
        return false;
      case Tag.int16:
        this.at = at + 3;
        return this.#view.getInt16(at + 1, true);
      case Tag.int32:
        this.at = at + 5;
        return this.#view.getInt32(at + 1, true);
      case Tag.double:
        return this.#double();
      case Tag.longText:
        return this.#text(this.#size());
      case Tag.list:
        this.at = at + 2;
        return this.#list(this.bytes[at + 1]!);
      case Tag.shaped:
        this.at = at + 2;
        return this.#shape(this.bytes[at + 1]!).read(this);
      case Tag.shapedFar:
        this.at = at + 3;
        return this.#shape(this.#view.getUint16(at + 1, true)).read(this);
      case Tag.shapedNew:
        return this.#shapedNew();
      default:
        return this.#rarer(tag);
    }
  }

  #rarer(tag: number): unknown {
    switch (tag) {
      case Tag.wideText:
        return this.#wideText(this.#size());
      case Tag.longList:
        return this.#list(this.#size());
      case Tag.record:
        return this.#record(this.#size());
      case Tag.date:
        return new Date(this.#double());
      case Tag.bigint64:
        this.at += 8;
        return this.#view.getBigInt64(this.at - 8, true);
      case Tag.bigint:
        return this.#bigint();
      case Tag.map:
        return this.#map(this.#size());
      case Tag.set:
        return this.#set(this.#size());
      case Tag.bytes:
        return this.#bytes();
      default:
        throw unreadable(this.at - 1);
    }
  }

  /** A number of things that follow: each has a byte at least. */
  #size(): number {
    const size = this.#view.getUint32(this.at, true);
    this.at += 4;
    if (size > this.#end - this.at) throw unreadable(this.at);
    return size;
  }

  #double(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }

  #text(length: number): string {
    const at = this.at;
    this.at = at + length;
    if (this.at > this.#end) throw unreadable(at);
    return readText(this.bytes, at, length);
  }

  #wideText(length: number): string {
    const at = this.at;
    this.at = at + 2 * length;
    if (this.at > this.#end) throw unreadable(at);
    return readWideText(this.bytes, at, length);
  }

  #list(length: number): unknown[] {
    if (length > LONG_LIST) return this.#longList(length);
    // oxlint-disable-next-line unicorn/no-new-array -- the length is the point: no room is wasted, nothing is moved
    const list = new Array<unknown>(length);
    for (let index = 0; index < length; index += 1) list[index] = this.value();
    return list;
  }

  #longList(length: number): unknown[] {
    const list: unknown[] = [];
    for (let index = 0; index < length; index += 1) list.push(this.value());
    return list;
  }

  #shape(id: number): Shape {
    const shape = this.#shapes[id];
    if (shape === undefined) throw unreadable(this.at);
    return shape;
  }

  #shapedNew(): object {
    const at = this.at;
    const id = this.#view.getUint16(at, true);
    const count = this.bytes[at + 2]!;
    this.at = at + 3;
    const keys: string[] = [];
    for (let index = 0; index < count; index += 1) keys.push(this.#key());
    if (id > this.#shapes.length) throw unreadable(at);
    const shape = new Shape(keys);
    this.#shapes[id] = shape;
    return shape.read(this);
  }

  #key(): string {
    const key = this.value();
    if (typeof key !== "string") throw unreadable(this.at);
    return key;
  }

  #record(count: number): object {
    const record: Record<string, unknown> = {};
    for (let index = 0; index < count; index += 1) setField(record, this.#key(), this.value());
    return record;
  }

  #bigint(): bigint {
    const isNegative = this.value() === true;
    const size = BigInt(`0x${this.#key()}`);
    return isNegative ? -size : size;
  }

  #map(size: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (let index = 0; index < size; index += 1) map.set(this.value(), this.value());
    return map;
  }

  #set(size: number): Set<unknown> {
    const set = new Set<unknown>();
    for (let index = 0; index < size; index += 1) set.add(this.value());
    return set;
  }

  #bytes(): object {
    const kind = this.bytes[this.at]!;
    this.at += 1;
    const length = this.#size();
    const at = this.at;
    this.at = at + length;
    const Kind = BYTE_KINDS[kind];
    if (Kind === undefined) throw unreadable(at);
    const copy = new Uint8Array(length);
    copy.set(this.bytes.subarray(at, this.at));
    return kind === RAW_BUFFER ? copy.buffer : new Kind(copy.buffer);
  }
}

function unreadable(at: number): RangeError {
  return new RangeError(`Cannot read a value as its bytes are no encoding of one: they went wrong before byte ${at}`);
}
