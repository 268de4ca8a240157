/**
 * Cuts a stream of bytes into lines.
 *
 * Owns the text of the lines that came with one chunk, and the beginning of a line whose end has not come. Does not own
 * the source of the chunks.
 *
 * R1. A chunk is decoded once, as far as its last line break: no line costs a call into the decoder, and no character is
 *     cut in two.
 * R2. What is kept is one chunk and one line; a line beyond `longest` is not kept but counted.
 * R3. Chunks are copied: their memory may be used again after `push`.
 */
import { isUtf8 } from "node:buffer";

const NEWLINE = 10;

/** A line that cannot be read, and why. */
export class UnreadableLine {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Hands out lines, without their line breaks. */
export class LineReader {
  readonly #longest: number;
  /** Lines decoded in one piece, each with its line break; the next begins at `#position`. */
  #text = "";
  #position = 0;
  /** In place of `#text`, where a chunk holds lines that cannot be decoded. */
  #single: (string | UnreadableLine)[] | undefined;
  /** The next of `#single`: to shift what is as long as a chunk would move all of it each time. */
  #singleAt = 0;
  /** The beginning of a line whose end is in a later chunk. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #isTooLong = false;
  #isFirst = true;
  #next = 0;

  /** @param longest - bytes of the longest line that is kept */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The number of the line that `next` gave last, from 0 on. */
  get index(): number {
    return this.#next - 1;
  }

  /** The next line, as far as there are whole ones; `undefined` asks for another chunk. */
  next(): string | UnreadableLine | undefined {
    if (this.#single) {
      const line = this.#single[this.#singleAt++];
      if (line !== undefined) {
        this.#next += 1;
        return line;
      }
      this.#single = undefined;
    }
    if (this.#position >= this.#text.length) return undefined;
    const end = this.#text.indexOf("\n", this.#position);
    const line = this.#text.slice(this.#position, end);
    this.#position = end + 1;
    this.#next += 1;
    // No character takes more than three bytes for each unit of its length.
    return line.length * 3 > this.#longest && Buffer.byteLength(line) > this.#longest ? this.#tooLong() : line;
  }

  /**
   * Takes a chunk, once `next` has given all that came before.
   * @throws {TypeError} when the text is no UTF-8 from the first bytes on
   */
  push(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#isFirst && bytes.length > 0) bytes = this.#begin(bytes);
    const last = bytes.lastIndexOf(NEWLINE);
    if (last === -1) {
      this.#keep(bytes);
      return;
    }
    const first = this.#pieceBytes > 0 || this.#isTooLong ? bytes.indexOf(NEWLINE) : -1;
    if (first !== -1) {
      this.#keep(bytes.subarray(0, first));
      this.#load([this.#takeKept()], bytes.subarray(first + 1, last + 1));
    } else {
      this.#load([], bytes.subarray(0, last + 1));
    }
    if (last + 1 < bytes.length) this.#keep(bytes.subarray(last + 1));
  }

  /** The input has ended: its last line may have no line break. */
  end(): void {
    if (this.#pieceBytes > 0 || this.#isTooLong) this.#load([this.#takeKept()], Buffer.alloc(0));
  }

  /** Looks at the very first bytes, which may come one by one. */
  #begin(bytes: Buffer): Buffer {
    const all = Buffer.concat([...this.#pieces, bytes]);
    this.#pieces = [];
    this.#pieceBytes = 0;
    if (all.length < 3 && !all.includes(NEWLINE)) return all;
    this.#isFirst = false;
    if ((all[0] === 0xff && all[1] === 0xfe) || (all[0] === 0xfe && all[1] === 0xff)) {
      throw new TypeError("Cannot read the input as it is UTF-16: save it as UTF-8");
    }
    if (all[0] === 0x1f && all[1] === 0x8b) {
      throw new TypeError("Cannot read the input as it is compressed: unpack it first, as with gunzip -c");
    }
    return all[0] === 0xef && all[1] === 0xbb && all[2] === 0xbf ? all.subarray(3) : all;
  }

  #keep(bytes: Buffer): void {
    if (this.#isTooLong || bytes.length === 0) return;
    this.#pieceBytes += bytes.length;
    if (this.#pieceBytes > this.#longest) {
      this.#isTooLong = true;
      this.#pieces = [];
      this.#pieceBytes = 0;
    } else {
      this.#pieces.push(Buffer.from(bytes));
    }
  }

  #takeKept(): string | UnreadableLine {
    const line = this.#isTooLong ? this.#tooLong() : decode(Buffer.concat(this.#pieces, this.#pieceBytes));
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#isTooLong = false;
    return line;
  }

  #tooLong(): UnreadableLine {
    return new UnreadableLine(`it is longer than ${this.#longest} bytes`);
  }

  /** @param lines - bytes of whole lines, each with its line break */
  #load(before: (string | UnreadableLine)[], lines: Buffer): void {
    const mustCut = !isUtf8(lines);
    // A copy of the text: slices of it are what lines are made of.
    this.#text = mustCut ? "" : lines.toString("utf8");
    this.#position = 0;
    if (mustCut) {
      for (let start = 0; start < lines.length;) {
        const end = lines.indexOf(NEWLINE, start);
        before.push(end - start > this.#longest ? this.#tooLong() : decode(lines.subarray(start, end)));
        start = end + 1;
      }
    }
    this.#single = before.length > 0 ? before : undefined;
    this.#singleAt = 0;
  }
}

function decode(bytes: Buffer): string | UnreadableLine {
  return isUtf8(bytes) ? bytes.toString("utf8") : new UnreadableLine("it is not UTF-8");
}
