import type { Socket } from "node:net";
import type { Channel } from "./channel.js";
import { deliver } from "./deliver.js";
import { FramedSocket } from "./framed-socket.js";
import { serialize } from "./serialize.js";

/**
 * A channel over a byte stream, whose messages are serialized. A transfer list has no meaning between processes: what it
 * names is copied.
 */
export class SocketChannel implements Channel {
  readonly #socket: FramedSocket;
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = (error) => {
    throw error;
  };

  constructor(socket: Socket) {
    this.#socket = new FramedSocket(socket);
    this.#socket.onFrame = (bytes) => deliver(this, bytes);
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

  post(message: unknown[]): void {
    this.#socket.post(serialize(message));
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
