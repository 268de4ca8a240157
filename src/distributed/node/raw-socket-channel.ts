import type { Socket } from "node:net";
import type { Channel } from "../../wire/channel.js";
import { FramedSocket } from "../../wire/framed-socket.js";

/** A channel over a byte stream whose messages are bytes already, each the only entry of one: for who hands them on. */
export class RawSocketChannel implements Channel {
  readonly #socket: FramedSocket;
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = () => {};

  constructor(socket: Socket) {
    this.#socket = new FramedSocket(socket);
    this.#socket.onFrame = (bytes) => this.onMessage([bytes]);
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

  put([bytes]: readonly unknown[]): void {
    this.#socket.post(bytes as Uint8Array);
  }

  flush(): void {
    // Each left when it was put.
  }

  deliverPending(): void {
    // As of `SocketChannel`: the owner waits for `onClose`.
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
