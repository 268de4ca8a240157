import type { MessagePort } from "node:worker_threads";
import type { Channel } from "./channel.js";
import { deliver } from "./deliver.js";
import { PortChannel } from "./port-channel.js";
import { serialize } from "./serialize.js";

/**
 * A channel over a `MessagePort` whose messages are serialized: for a thread whose other end only hands them on. What a
 * transfer list names is copied, as it goes further than to a thread.
 */
export class PackedPortChannel implements Channel {
  readonly #port: PortChannel;
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = (error) => {
    throw error;
  };
  readonly isCongested = false;

  constructor(port: MessagePort) {
    this.#port = new PortChannel(port);
    this.#port.onMessage = ([bytes]) => deliver(this, bytes as Uint8Array);
    this.#port.onUnreadable = (error) => this.onUnreadable(error);
  }

  set onClose(fn: () => void) {
    this.#port.onClose = fn;
  }

  onceDrained(fn: () => void): void {
    fn();
  }

  post(message: unknown[]): void {
    const bytes = serialize(message);
    this.#port.post([bytes], [bytes.buffer]);
  }

  deliverPending(): void {
    this.#port.deliverPending();
  }

  ref(): void {
    this.#port.ref();
  }

  unref(): void {
    this.#port.unref();
  }

  close(): void {
    this.#port.close();
  }
}
