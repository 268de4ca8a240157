import type { MessagePort } from "node:worker_threads";
import type { Channel } from "./channel.js";
import { EntryBuffer, EntryReader } from "./codec/entry-buffer.js";
import { deliver } from "./deliver.js";
import { PortChannel } from "./port-channel.js";

/**
 * A channel over a `MessagePort` whose messages are bytes: for a thread whose other end only hands them on. What a transfer
 * list names is copied, as it goes further than to a thread.
 */
export class PackedPortChannel implements Channel {
  readonly #port: PortChannel;
  readonly #entries = new EntryBuffer();
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = (error) => {
    throw error;
  };
  readonly isCongested = false;

  constructor(port: MessagePort) {
    this.#port = new PortChannel(port);
    const reader = new EntryReader();
    this.#port.onMessage = ([bytes]) => deliver(this, reader, bytes as Uint8Array);
    this.#port.onUnreadable = (error) => this.onUnreadable(error);
  }

  set onClose(fn: () => void) {
    this.#port.onClose = fn;
  }

  onceDrained(fn: () => void): void {
    fn();
  }

  put(entry: readonly unknown[]): void {
    this.#entries.put(entry);
  }

  flush(): void {
    if (this.#entries.isEmpty) return;
    // A copy of the right size: the whole memory of what is handed over would go with it.
    const bytes = new Uint8Array(this.#entries.take());
    this.#port.put([bytes], [bytes.buffer]);
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
