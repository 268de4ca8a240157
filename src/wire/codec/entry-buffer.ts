/**
 * Entries as bytes, for connections that carry bytes: our own encoding where it carries all of an entry, else V8's.
 *
 * Owns the bytes that gathered. They are stretches of a header and a body: many entries of ours one behind the other, or one
 * entry of V8's.
 *
 * E1. Entries leave in the order in which they were put; one that cannot be written leaves no trace.
 * E2. Code of the user that runs while an entry is written (a getter) may put others, and take: those come first.
 */
import { emptyEntries } from "../entries.js";
import { serialize, deserialize } from "../serialize.js";
import { ValueReader } from "./value-reader.js";
import { ValueWriter, Written } from "./value-writer.js";

const HEADER_BYTES = 4;
/** In the header of a stretch: that it is one of V8's. */
const IS_FOREIGN = 0x8000_0000;
const FIRST_BYTES = 4096;
/** What the header of a stretch can say. */
const MAX_BYTES = 0x7fff_ffff;
/** A buffer that grew beyond this is not kept. */
const KEPT_BYTES = 1 << 20;

/** Rises with each change of what the bytes mean, here and in what `ValueWriter` writes. */
export const ENCODING_VERSION = 1;

/** Which encoding serves: ours as far as it goes, or V8's alone. */
export type Encoding = "own" | "v8";

export class EntryBuffer {
  readonly #writer = new ValueWriter();
  readonly #encoding: Encoding;
  readonly #limit: number;
  readonly #headroom: number;
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at: number;
  /** Where the header of our present stretch is; -1 when there is none. */
  #stretch = -1;
  /** Changes with all that happens to the bytes. */
  #version = 0;
  /** Memory that has been taken and come back: new memory has a high price. */
  #spare: Buffer | undefined;

  /**
   * @param limit - so many bytes an entry has at most
   * @param headroom - so many bytes are left free before the first entry
   */
  constructor(encoding: Encoding = "own", limit = MAX_BYTES, headroom = 0) {
    this.#encoding = encoding;
    this.#limit = limit;
    this.#headroom = headroom;
    this.#at = headroom;
  }

  get isEmpty(): boolean {
    return this.#at === this.#headroom;
  }

  get size(): number {
    return this.#at - this.#headroom;
  }

  /**
   * Adds an entry. Returns about how many bytes it takes.
   * @throws what V8's serializer throws; then there is no entry
   * @throws {RangeError} when it is larger than the limit
   */
  put(entry: readonly unknown[]): number {
    const before = this.#at;
    if (this.#encoding === "own" && this.#write(entry)) return this.#at - before;
    const foreign = serialize(entry);
    checkSize(foreign.length, this.#limit);
    this.#append(foreign);
    return foreign.length;
  }

  /** The bytes that gathered, behind the headroom; the buffer begins anew. */
  take(): Buffer {
    this.#endStretch();
    this.#version += 1;
    const taken = this.#bytes.subarray(0, this.#at);
    this.#bytes = this.#spare ?? Buffer.allocUnsafeSlow(Math.min(this.#bytes.length, KEPT_BYTES));
    this.#spare = undefined;
    this.#at = this.#headroom;
    return taken;
  }

  /** Takes the memory back when what was taken is needed no more. */
  giveBack({ buffer }: Buffer): void {
    if (buffer.byteLength <= KEPT_BYTES) this.#spare = Buffer.from(buffer);
  }

  /** `false` when our encoding does not carry it. */
  #write(entry: readonly unknown[]): boolean {
    const writer = this.#writer;
    for (;;) {
      const bytes = this.#bytes;
      const version = this.#version;
      const start = this.#stretch < 0 ? this.#at + HEADER_BYTES : this.#at;
      const mark = writer.mark();
      writer.bytes = bytes;
      writer.at = start;
      writer.end = Math.min(bytes.length, start + this.#limit);
      const written = start > bytes.length ? Written.full : writer.write(entry, 0, entry.length);
      if (this.#version !== version) {
        // What a getter put or took has come first (E2), and may have gone over this.
        if (written === Written.yes) writer.rollBack(start, mark);
        return false;
      }
      if (written === Written.foreign) return false;
      if (written === Written.yes) {
        if (this.#stretch < 0) this.#stretch = this.#at;
        this.#at = writer.at;
        return true;
      }
      checkSize(bytes.length - start + 1, this.#limit);
      this.#grow(2 * bytes.length);
    }
  }

  #append(foreign: Buffer): void {
    this.#endStretch();
    this.#version += 1;
    const end = this.#at + HEADER_BYTES + foreign.length;
    if (end > this.#bytes.length) this.#grow(Math.max(end, 2 * this.#bytes.length));
    this.#bytes.writeUInt32LE((foreign.length | IS_FOREIGN) >>> 0, this.#at);
    this.#bytes.set(foreign, this.#at + HEADER_BYTES);
    this.#at = end;
  }

  #endStretch(): void {
    if (this.#stretch < 0) return;
    this.#bytes.writeUInt32LE(this.#at - this.#stretch - HEADER_BYTES, this.#stretch);
    this.#stretch = -1;
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(length);
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** @throws {RangeError} for more bytes than can travel */
export function checkSize(bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new RangeError(`it is larger than ${limit} bytes: current value is ${bytes}: store it and send its address`);
}

/** A single entry, for a connection on which somebody else gathers: independent of what that wrote before. */
export function entryBytes(entry: readonly unknown[]): Buffer {
  const buffer = new EntryBuffer("v8");
  buffer.put(entry);
  return buffer.take();
}

/** The values of all entries in bytes that an `EntryBuffer` gathered, each from the same one in order. */
export class EntryReader {
  readonly #reader = new ValueReader();

  /** @throws {RangeError | Error} for bytes that no `EntryBuffer` made */
  read(bytes: Buffer): unknown[] {
    const values = emptyEntries();
    const reader = this.#reader;
    reader.bytes = bytes;
    let at = 0;
    while (at < bytes.length) {
      const header = bytes.readUInt32LE(at);
      const from = at + HEADER_BYTES;
      at = from + (header & ~IS_FOREIGN);
      if (at > bytes.length)
        throw new RangeError(`Cannot read a message as ${at - bytes.length} bytes of it are missing`);
      if (header >= IS_FOREIGN) {
        for (const value of deserialize(bytes.subarray(from, at)) as unknown[]) values.push(value);
      } else {
        reader.at = from;
        reader.readTo(at, values);
      }
    }
    return values;
  }
}
