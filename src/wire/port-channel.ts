import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { assertTravels } from "./clone.js";
import type { Channel } from "./channel.js";

/**
 * A channel over a `MessagePort`: structured clone with transfer lists, never congested.
 *
 * Entries of plain values are gathered. One with an object is posted at once: it is to arrive as it is now, and what it
 * shares with another entry is to arrive twice.
 */
export class PortChannel implements Channel {
  readonly #port: MessagePort;
  #gathered: unknown[] = [];
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

  put(entry: readonly unknown[], transfer: readonly object[]): number {
    if (entry.every(isPlain)) {
      for (const value of entry) this.#gathered.push(value);
      return 0;
    }
    assertTravels(entry, transfer);
    this.flush();
    if (transfer.length === 0) this.#port.postMessage(entry);
    else this.#port.postMessage(entry, transfer as readonly ArrayBuffer[]);
    return 0;
  }

  flush(): void {
    if (this.#gathered.length === 0) return;
    const entries = this.#gathered;
    this.#gathered = [];
    this.#port.postMessage(entries);
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

/** Whether a value is itself what arrives, and can be sent in any case. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case "function":
    case "symbol":
      return false;
    case "object":
      return value === null;
    default:
      return true;
  }
}
