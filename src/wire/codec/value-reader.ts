/** Stub until the codec is there. */
import { deserialize } from "../serialize.js";

/** Reads what a `ValueWriter` wrote. */
export class ValueReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;

  /** Reads all values up to `end`, and adds them to `values`. */
  readTo(end: number, values: unknown[]): void {
    while (this.at < end) {
      const length = this.bytes.readUInt32LE(this.at);
      const body = Buffer.from(this.bytes.subarray(this.at + 4, this.at + 4 + length));
      values.push(deserialize(body));
      this.at += 4 + length;
    }
  }
}
