import type { Socket } from "node:net";
import type { Channel } from "./channel.js";
import { EntryBuffer, EntryReader, type Encoding } from "./codec/entry-buffer.js";
import { deliver } from "./deliver.js";
import { FramedSocket } from "./framed-socket.js";

/**
 * A channel over a byte stream. A transfer list has no meaning between processes: what it names is copied.
 */
export class SocketChannel implements Channel {
  readonly #socket: FramedSocket;
  readonly #entries: EntryBuffer;
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = (error) => {
    throw error;
  };

  constructor(socket: Socket, encoding?: Encoding) {
    this.#entries = new EntryBuffer(encoding);
    this.#socket = new FramedSocket(socket);
    const reader = new EntryReader();
    this.#socket.onFrame = (bytes) => deliver(this, reader, bytes);
  }

  set onClose(fn: () => void) {
    this.#socket.onClose = fn;
  }

  get isCongested(): boolean {
    return this.#socket.isCongested;
  }

  onceDrained(fn: () => void): void {
    this.#socket.onceDrained(fn);
  }

  put(entry: readonly unknown[]): void {
    this.#entries.put(entry);
  }

  flush(): void {
    if (!this.#entries.isEmpty) this.#socket.post(this.#entries.take());
  }

  deliverPending(): void {
    // What the kernel still holds arrives as `data` before `close`; the owner waits for `onClose`.
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  close(): void {
    this.#socket.close();
  }
}
