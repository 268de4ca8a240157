import type { Socket } from "node:net";

/** What comes before a frame. */
export const HEADER_BYTES = 4;
const MAX_FRAME_BYTES = 0xffff_ffff;
/** Below this a frame is copied behind its header: one write costs more than that. */
const SMALL_BYTES = 65_536;

/** Keeps messages whole on a byte stream: frames of a 4-byte little-endian length and as many bytes. */
export class FramedSocket {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = HEADER_BYTES;
  #isInHeader = true;
  #isClosed = false;
  /** Called with each frame, in order; its bytes are part of a larger buffer. */
  onFrame: (bytes: Buffer) => void = () => {};
  /** Called once when the other side is gone and nothing more will arrive. */
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

  /**
   * Sends a frame that lies behind free room for its header; `onWritten` is called when its memory is needed no more.
   * @throws {RangeError} for more than a length can say
   */
  postFrame(frame: Buffer, onWritten: () => void): void {
    checkLength(frame.length - HEADER_BYTES);
    if (this.#isClosed) return;
    frame.writeUInt32LE(frame.length - HEADER_BYTES);
    this.#socket.write(frame, onWritten);
  }

  /** @throws {RangeError} for more than a length can say */
  post(body: Uint8Array): void {
    checkLength(body.length);
    if (this.#isClosed) return;
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header.writeUInt32LE(body.length);
    if (body.length < SMALL_BYTES) {
      this.#socket.write(Buffer.concat([header, body], HEADER_BYTES + body.length));
      return;
    }
    this.#socket.cork();
    this.#socket.write(header);
    this.#socket.write(body);
    this.#socket.uncork();
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
    let at = 0;
    if (this.#buffered === 0 && this.#isInHeader) {
      // Most chunks begin with a frame and hold it: those are not put together from anything.
      while (chunk.length - at >= HEADER_BYTES) {
        const end = at + HEADER_BYTES + chunk.readUInt32LE(at);
        if (end > chunk.length) break;
        this.onFrame(chunk.subarray(at + HEADER_BYTES, end));
        at = end;
      }
      if (at === chunk.length) return;
    }
    this.#gather(at === 0 ? chunk : chunk.subarray(at));
  }

  /** Adds a chunk to those that hold a part of a frame. */
  #gather(chunk: Buffer): void {
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
        this.onFrame(bytes);
      }
    }
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

function checkLength(bytes: number): void {
  if (bytes <= MAX_FRAME_BYTES) return;
  throw new RangeError(`Cannot send a message as it is larger than 4 GiB: current value is ${bytes} bytes`);
}
