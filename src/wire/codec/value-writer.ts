/** Stub until the codec is there: values as V8 writes them. */
import { serialize } from "../serialize.js";

/** What became of a value that was to be written. */
export const Written = {
  /** It is there. */
  yes: 0,
  /** There was no room; nothing was written. */
  full: 1,
  /** It cannot be carried faithfully; nothing was written. */
  foreign: 2,
} as const;

/** Writes values into memory that it is shown, each behind the last. */
export class ValueWriter {
  bytes: Buffer = Buffer.alloc(0);
  /** Where the next value goes. */
  at = 0;
  /** Where the room for values ends. */
  end = 0;

  /**
   * Writes `values[from]` to `values[to - 1]` as one group: an object may occur in it once only, else it is foreign. All of
   * them, or none.
   */
  write(values: readonly unknown[], from: number, to: number): (typeof Written)[keyof typeof Written] {
    const start = this.at;
    for (let index = from; index < to; index += 1) {
      let body: Buffer;
      try {
        body = serialize(values[index]);
      } catch {
        this.at = start;
        return Written.foreign;
      }
      if (this.at + 4 + body.length > this.end) {
        this.at = start;
        return Written.full;
      }
      this.bytes.writeUInt32LE(body.length, this.at);
      this.bytes.set(body, this.at + 4);
      this.at += 4 + body.length;
    }
    return Written.yes;
  }
}
