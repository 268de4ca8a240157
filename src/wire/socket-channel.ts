import type { Socket } from "node:net";
import type { Channel } from "./channel.js";
import { EntryBuffer, EntryReader, type Encoding } from "./codec/entry-buffer.js";
import { deliver } from "./deliver.js";
import { FramedSocket, HEADER_BYTES } from "./framed-socket.js";

/** With so much the other side can begin; and memory of this size is soon used again. */
const WORTH_SENDING_BYTES = 65_536;

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
    this.#entries = new EntryBuffer(encoding, undefined, HEADER_BYTES);
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

  put(entry: readonly unknown[]): number {
    const bytes = this.#entries.put(entry);
    if (this.#entries.size > WORTH_SENDING_BYTES) this.flush();
    return bytes;
  }

  flush(): void {
    if (this.#entries.isEmpty) return;
    const frame = this.#entries.take();
    this.#socket.postFrame(frame, () => this.#entries.giveBack(frame));
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
