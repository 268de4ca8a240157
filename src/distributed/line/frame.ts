/**
 * Frames as bytes: what one entry of an inbox holds.
 *
 * Layout: kind (0 records, 1 sync) · session · number · taken · sender · records, each: link · kind · length · payload.
 * Numbers are varints of 7 bits, lowest first. A text is its length + 1 and its UTF-8 bytes; a length of 0 says that the
 * link is that of the record before, as it mostly is.
 */

/** What travels on a line: `kind` and `payload` mean something to who is at the ends of the link only. */
export interface LineRecord {
  readonly link: string;
  /** A whole number from 0. */
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** What stands before the records of a frame. */
export interface FrameHead {
  /** Id of the party that sends. */
  readonly from: string;
  /** Counts how often the line was begun anew, from 1. */
  readonly session: number;
  /** From 1 in each session; that of the last frame in one that is a sync. */
  readonly number: number;
  /** Number of the last frame that the sender took from the other side in this session. */
  readonly taken: number;
  /** Carries no records, and repeats the number of the last frame, so that a lost one is noticed. */
  readonly isSync: boolean;
}

/** One entry of an inbox. */
export interface Frame extends FrameHead {
  readonly records: readonly LineRecord[];
}

/** Most bytes of a varint of up to 2^53. */
const LONGEST_VARINT = 8;

/** Bytes that a record takes at most, or somewhat less than that for a link beyond ASCII. */
export function sizeOf(record: LineRecord): number {
  return record.payload.byteLength + record.link.length + 3 * LONGEST_VARINT;
}

/** Writes a frame; payloads are copied. */
export function encodeFrame(head: FrameHead, records: readonly LineRecord[]): Buffer {
  let size = 1 + 4 * LONGEST_VARINT + 3 * head.from.length;
  // A unit of UTF-16 takes up to 3 bytes.
  for (const record of records) size += sizeOf(record) + 2 * record.link.length;
  const bytes = Buffer.allocUnsafe(size);
  bytes[0] = head.isSync ? 1 : 0;
  let at = writeVarint(bytes, 1, head.session);
  at = writeVarint(bytes, at, head.number);
  at = writeVarint(bytes, at, head.taken);
  at = writeText(bytes, at, head.from);
  let link: string | undefined;
  for (const record of records) {
    if (record.link === link) {
      bytes[at++] = 0;
    } else {
      link = record.link;
      at = writeText(bytes, at, link);
    }
    at = writeVarint(bytes, at, record.kind);
    at = writeVarint(bytes, at, record.payload.byteLength);
    bytes.set(record.payload, at);
    at += record.payload.byteLength;
  }
  return bytes.subarray(0, at);
}

/**
 * Reads a frame; payloads are views of `bytes`.
 * @throws {RangeError} when it is none
 */
export function decodeFrame(bytes: Buffer): Frame {
  const reader = new Reader(bytes);
  const isSync = reader.varint() === 1;
  const session = reader.varint();
  const number = reader.varint();
  const taken = reader.varint();
  const from = reader.text("");
  const records: LineRecord[] = [];
  let link = "";
  while (reader.at < bytes.length) {
    link = reader.text(link);
    const kind = reader.varint();
    records.push({ link, kind, payload: reader.bytes(reader.varint()) });
  }
  return { from, session, number, taken, isSync, records };
}

class Reader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined || unit > Number.MAX_SAFE_INTEGER) throw unreadable(this.at, this.#bytes.length);
      if (byte < 0x80) return value + byte * unit;
      value += (byte & 0x7f) * unit;
      unit *= 0x80;
    }
  }

  text(ifNone: string): string {
    const length = this.varint();
    return length === 0 ? ifNone : this.bytes(length - 1).toString();
  }

  bytes(length: number): Buffer {
    const end = this.at + length;
    if (end > this.#bytes.length) throw unreadable(end, this.#bytes.length);
    const part = this.#bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }
}

function unreadable(at: number, length: number): RangeError {
  return new RangeError(
    `Cannot read a frame as it is damaged: it has ${length} bytes, and ${at} at least are announced`,
  );
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    // `&` would cut what is above 32 bits.
    bytes[at++] = (rest % 0x80) + 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

function writeText(bytes: Buffer, start: number, text: string): number {
  const at = writeVarint(bytes, start, Buffer.byteLength(text) + 1);
  return at + bytes.write(text, at);
}
