/** Where the bytes of the input come from: a file, or anything that yields chunks. */
import { type FileHandle, open } from "node:fs/promises";

/** One chunk is decoded into one text, which lives as long as any line of it. */
const CHUNK = 65_536;

/** Chunks, one after the other. */
export interface ByteSource {
  /** The next chunk, or `undefined` at the end. What it returned before may be overwritten. */
  read(): Promise<Uint8Array | undefined>;
  /** Lets go of the source; a chunk that is being read is forgotten. */
  close(): Promise<void>;
}

/** What `runBatch` reads from. */
export type BatchInput = string | AsyncIterable<Uint8Array | string>;

/** Opens a file, or takes what is iterated. */
export async function openSource(input: BatchInput): Promise<ByteSource> {
  return typeof input === "string" ? new FileSource(await open(input, "r")) : new IterableSource(input);
}

/** Reads one chunk ahead, into two buffers in turn. */
class FileSource implements ByteSource {
  readonly #file: FileHandle;
  readonly #buffers = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)] as const;
  #reads = 0;
  #ahead: Promise<Uint8Array | undefined> | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async read(): Promise<Uint8Array | undefined> {
    const chunk = await (this.#ahead ?? this.#load());
    if (chunk) {
      this.#ahead = this.#load();
      // Whoever reads next is told of its failure.
      this.#ahead.catch(() => {});
    }
    return chunk;
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => {});
    await this.#file.close();
  }

  async #load(): Promise<Uint8Array | undefined> {
    const buffer = this.#buffers[this.#reads++ % 2 === 0 ? 0 : 1];
    const { bytesRead } = await this.#file.read(buffer, 0, CHUNK, null);
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
  }
}

class IterableSource implements ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array | string>;

  constructor(iterable: AsyncIterable<Uint8Array | string>) {
    this.#iterator = iterable[Symbol.asyncIterator]();
  }

  async read(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#iterator.next();
    if (done) return undefined;
    if (typeof value !== "string" && !(value instanceof Uint8Array)) {
      throw new TypeError(
        `Cannot read the input as it must yield bytes or text: current value is of type ${typeof value}`,
      );
    }
    return typeof value === "string" ? Buffer.from(value) : value;
  }

  async close(): Promise<void> {
    // Not awaited: it waits for the chunk that is being read, and from a terminal none may ever come.
    void Promise.resolve(this.#iterator.return?.()).catch(() => {});
  }
}
