import type { Channel } from "./channel.js";
import { deserialize } from "./serialize.js";

/** Hands a message that arrived as bytes to whom it is for. */
export function deliver(channel: Pick<Channel, "onMessage" | "onUnreadable">, bytes: Uint8Array): void {
  let message: unknown[];
  try {
    message = deserialize(bytes) as unknown[];
  } catch (error) {
    channel.onUnreadable(error);
    return;
  }
  channel.onMessage(message);
}
