/** Strings in memory. */

/** What a `Buffer` has besides what is documented: `write` and `toString` for one encoding, for which they look first. */
interface TextBuffer extends Buffer {
  latin1Write(text: string, at: number, length: number): number;
  latin1Slice(start: number, end: number): string;
  ucs2Write(text: string, at: number, length: number): number;
  ucs2Slice(start: number, end: number): string;
}

const { fromCharCode } = String;

/** Up to this length a call into the runtime costs more than the characters do. */
const SHORT = 12;

/** Writes a string whose characters fit into a byte each. */
export function writeText(bytes: Buffer, text: string, at: number): void {
  (bytes as TextBuffer).latin1Write(text, at, text.length);
}

/** Writes a string of any characters, with two bytes for each. */
export function writeWideText(bytes: Buffer, text: string, at: number): void {
  (bytes as TextBuffer).ucs2Write(text, at, 2 * text.length);
}

export function readWideText(bytes: Buffer, at: number, length: number): string {
  return (bytes as TextBuffer).ucs2Slice(at, at + 2 * length);
}

/** A string of characters of one byte each. */
export function readText(bytes: Buffer, at: number, length: number): string {
  if (length > SHORT) return (bytes as TextBuffer).latin1Slice(at, at + length);
  const b = bytes;
  switch (length) {
    case 0:
      return "";
    case 1:
      return fromCharCode(b[at]!);
    case 2:
      return fromCharCode(b[at]!, b[at + 1]!);
    case 3:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!);
    case 4:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!);
    case 5:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!, b[at + 4]!);
    case 6:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!, b[at + 4]!, b[at + 5]!);
    default:
      return readText(bytes, at, 6) + readText(bytes, at + 6, length - 6);
  }
}
