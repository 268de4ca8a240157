import type { Channel } from "./channel.js";
import type { EntryReader } from "./codec/entry-buffer.js";

/** Hands entries that arrived as bytes to whom they are for. */
export function deliver(
  channel: Pick<Channel, "onMessage" | "onUnreadable">,
  reader: EntryReader,
  bytes: Uint8Array,
): void {
  let entries: unknown[];
  try {
    entries = reader.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    channel.onUnreadable(error);
    return;
  }
  channel.onMessage(entries);
}
