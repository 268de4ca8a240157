import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Channel } from "./channel.js";

/** A channel over a `MessagePort`: structured clone with transfer lists, never congested. */
export class PortChannel implements Channel {
  readonly #port: MessagePort;
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = (error) => {
    throw error;
  };
  onClose: () => void = () => {};
  readonly isCongested = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (message: unknown[]) => this.onMessage(message));
    port.on("messageerror", (error: Error) => this.onUnreadable(error));
    port.on("close", () => this.onClose());
  }

  post(message: unknown[], transfer: readonly object[]): void {
    if (transfer.length === 0) this.#port.postMessage(message);
    else this.#port.postMessage(message, transfer as readonly ArrayBuffer[]);
  }

  onceDrained(fn: () => void): void {
    fn();
  }

  deliverPending(): void {
    for (let received = receiveMessageOnPort(this.#port); received; received = receiveMessageOnPort(this.#port)) {
      this.onMessage(received.message as unknown[]);
    }
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
