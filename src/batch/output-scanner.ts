/**
 * Reads which items an output holds, without parsing its lines.
 *
 * A line of ours begins with `{"index":N,` and ends with `}` and a line break. What follows the last line break is torn:
 * its writer was killed. Anything else is not ours, and is not touched.
 */
import { open } from "node:fs/promises";
import { refusal } from "./refuse.js";

const CHUNK = 1024 * 1024;
const NEWLINE = 10;
const START = Buffer.from('{"index":');
/** Bytes of a line that must be seen to know its index. */
const HEAD = 32;
const MOST_DIGITS = 16;

/** Lines that were found in one chunk: each begins where the one before ends. */
export interface ScannedLines {
  readonly count: number;
  /** The index of each item; the memory is used again for the next lines. */
  readonly indices: Float64Array;
  /** Where each line begins, in bytes from the start of the file. */
  readonly starts: Float64Array;
  /** Where the line after the last begins. */
  readonly end: number;
}

/**
 * Yields the lines of a file in their order; nothing when there is no such file.
 *
 * @throws {BatchRefusedError} at a line that is not ours
 */
export async function* scanOutput(path: string): AsyncGenerator<ScannedLines, void, undefined> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!file) return;
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    const head = Buffer.alloc(HEAD);
    // The shortest line of ours has 14 bytes.
    const indices = new Float64Array(CHUNK / 14 + 2);
    const starts = new Float64Array(CHUNK / 14 + 2);
    let headLength = 0;
    let lineNumber = 0;
    let lineStart = 0;
    let lineBytes = 0;
    let lastByte = 0;
    let beforeLast = 0;
    let offset = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK, offset);
      if (bytesRead === 0) break;
      let count = 0;
      let position = 0;
      while (position < bytesRead) {
        let end = buffer.indexOf(NEWLINE, position);
        const isWhole = end !== -1 && end < bytesRead;
        if (!isWhole) end = bytesRead;
        let index: number;
        if (isWhole && lineBytes === 0) {
          lineBytes = end - position;
          index = indexOfLine(buffer, position, end, buffer[end - 1]!, buffer[end - 2] ?? 0);
        } else {
          const taken = Math.min(end - position, HEAD - headLength);
          if (taken > 0) buffer.copy(head, headLength, position, position + taken);
          headLength += Math.max(0, taken);
          lineBytes += end - position;
          if (end > position) beforeLast = end - position > 1 ? buffer[end - 2]! : lastByte;
          if (end > position) lastByte = buffer[end - 1]!;
          if (!isWhole) break;
          index = indexOfLine(head, 0, headLength, lastByte, beforeLast);
        }
        lineNumber += 1;
        if (index >= 0) {
          indices[count] = index;
          starts[count] = lineStart;
          count += 1;
        } else {
          throw refusal("unreadable", `Cannot resume ${path} as its line ${lineNumber} is not one of a batch`);
        }
        lineStart += lineBytes + 1;
        lineBytes = 0;
        headLength = 0;
        position = end + 1;
      }
      offset += bytesRead;
      if (count > 0) yield { count, indices, starts, end: lineStart };
    }
    if (lineBytes > 0 && lineNumber === 0 && !isBeginning(head, Math.min(headLength, START.length))) {
      throw refusal("unreadable", `Cannot resume ${path} as its line 1 is not one of a batch`);
    }
  } finally {
    await file.close();
  }
}

/** Whether a torn line may be ours. After a power cut it may be zeros. */
function isBeginning(head: Buffer, length: number): boolean {
  return head[0] === 0 || head.compare(START, 0, length, 0, length) === 0;
}

/** The index of a whole line, or -1 when it is not ours. An editor may have put a carriage return before its end. */
function indexOfLine(bytes: Buffer, start: number, end: number, last: number, beforeLast: number): number {
  if ((last === 13 ? beforeLast : last) !== 125) return -1;
  for (let place = 0; place < START.length; place += 1) {
    if (bytes[start + place] !== START[place]) return -1;
  }
  let index = 0;
  let place = start + START.length;
  const stop = Math.min(end, place + MOST_DIGITS);
  while (place < stop) {
    const digit = bytes[place]! - 48;
    if (digit < 0 || digit > 9) break;
    index = index * 10 + digit;
    place += 1;
  }
  if (place === start + START.length || place >= end || bytes[place] !== 44 || index > Number.MAX_SAFE_INTEGER)
    return -1;
  return index;
}
