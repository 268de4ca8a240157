import type { Socket } from "node:net";
import { Deserializer, Serializer } from "node:v8";
import type { Channel } from "./channel.js";

const HEADER_BYTES = 4;
const MAX_FRAME_BYTES = 0xffff_ffff;

/** Encodes a value as V8's structured clone does; views stay views of their kind, a `Buffer` becomes a `Uint8Array`. */
export function serialize(value: unknown): Buffer {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The reverse of {@link serialize}. */
export function deserialize(bytes: Buffer): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

/**
 * A channel over a byte stream: frames of a 4-byte little-endian length and a structured clone. A transfer list has no
 * meaning between processes: what it names is copied.
 */
export class SocketChannel implements Channel {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = HEADER_BYTES;
  #isInHeader = true;
  #isClosed = false;
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = (error) => {
    throw error;
  };
  onClose: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    // A reset or broken pipe says what `close` says: the other side is gone.
    socket.on("error", () => {});
    socket.on("close", () => this.#closed());
    socket.on("end", () => socket.destroy());
  }

  get isCongested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  onceDrained(fn: () => void): void {
    if (this.isCongested) this.#socket.once("drain", fn);
    else fn();
  }

  post(message: unknown[]): void {
    const body = serialize(message);
    if (body.length > MAX_FRAME_BYTES) {
      throw new RangeError(`Cannot send a message as it is larger than 4 GiB: current value is ${body.length} bytes`);
    }
    if (this.#isClosed) return;
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header.writeUInt32LE(body.length);
    if (body.length < 65_536) {
      this.#socket.write(Buffer.concat([header, body], HEADER_BYTES + body.length));
      return;
    }
    this.#socket.cork();
    this.#socket.write(header);
    this.#socket.write(body);
    this.#socket.uncork();
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
    this.#socket.destroy();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClose();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    while (this.#buffered >= this.#wanted) {
      const bytes = this.#read(this.#wanted);
      if (this.#isInHeader) {
        this.#wanted = bytes.readUInt32LE(0);
        this.#isInHeader = false;
      } else {
        this.#wanted = HEADER_BYTES;
        this.#isInHeader = true;
        this.#receive(bytes);
      }
    }
  }

  #receive(bytes: Buffer): void {
    let message: unknown[];
    try {
      message = deserialize(bytes) as unknown[];
    } catch (error) {
      this.onUnreadable(error);
      return;
    }
    this.onMessage(message);
  }

  /** Removes `count` bytes from the front; copies only when a frame spans chunks. */
  #read(count: number): Buffer {
    this.#buffered -= count;
    const first = this.#chunks[0]!;
    if (first.length > count) {
      this.#chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    if (first.length === count) {
      this.#chunks.shift();
      return first;
    }
    const whole = Buffer.concat(this.#chunks);
    this.#chunks.length = 0;
    if (whole.length > count) this.#chunks.push(whole.subarray(count));
    return whole.subarray(0, count);
  }
}
