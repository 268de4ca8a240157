/** The targets of an appender: a file whose lines survive, and a stream. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Writable } from "node:stream";
import type { LineTarget } from "./appender.js";
import { fileError, isSystemError } from "./file-error.js";

const NEWLINE = 10;
/** How long lines may be in the memory of the system only, in ms: what a power cut can cost. A killed process costs none. */
const SYNC_EVERY = 5000;

/** A file that grows by whole lines. */
export class FileTarget implements LineTarget {
  readonly #path: string;
  #file: FileHandle | undefined;
  #position: number;
  #syncedAt = performance.now();
  #written = 0;
  /** Devices and pipes have no places. */
  #isPlain = true;

  /** @param keep - bytes of the file that stay: it is cut there when it is opened, by the first line or before */
  constructor(path: string, keep: number) {
    this.#path = path;
    this.#position = keep;
  }

  get written(): number {
    return this.#written;
  }

  /** Opens the file now, so that what is wrong with it is known before anything is done. */
  async open(): Promise<FileHandle> {
    if (this.#file) return this.#file;
    const file = await open(this.#path, constants.O_RDWR | constants.O_CREAT, 0o666);
    try {
      const found = await file.stat();
      this.#isPlain = found.isFile();
      if (this.#isPlain && found.size > this.#position) await file.truncate(this.#position);
    } catch (error) {
      await file.close();
      throw error;
    }
    return (this.#file = file);
  }

  async write(lines: string, count: number): Promise<void> {
    try {
      await this.#write(await this.open(), lines, count);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async #write(file: FileHandle, lines: string, count: number): Promise<void> {
    const bytes = Buffer.from(lines);
    let written = 0;
    try {
      while (written < bytes.length) {
        const position = this.#isPlain ? this.#position + written : null;
        const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position);
        written += bytesWritten;
      }
    } catch (error) {
      const whole = written === 0 ? 0 : bytes.lastIndexOf(NEWLINE, written - 1) + 1;
      this.#position += whole;
      this.#written += countLines(bytes, whole);
      // Should this fail as well, the next run cuts the file.
      if (this.#isPlain) await file.truncate(this.#position).catch(() => {});
      throw error;
    }
    this.#position += written;
    this.#written += count;
    if (performance.now() - this.#syncedAt < SYNC_EVERY) return;
    await this.#sync(file);
    this.#syncedAt = performance.now();
  }

  async close(): Promise<void> {
    if (!this.#file) return;
    const file = this.#file;
    this.#file = undefined;
    try {
      await this.#sync(file);
    } catch (error) {
      throw this.#explain(error);
    } finally {
      await file.close();
    }
  }

  #explain(error: unknown): unknown {
    return isSystemError(error) ? fileError("write", this.#path, error) : error;
  }

  async #sync(file: FileHandle): Promise<void> {
    try {
      await file.datasync();
    } catch (error) {
      // Pipes and devices cannot be synced.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EINVAL" && code !== "ENOTSUP" && code !== "EROFS") throw error;
    }
  }
}

function countLines(bytes: Buffer, end: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1 && at < end; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}

/** A stream, such as standard output; it is not ended, as it is not ours. */
export class StreamTarget implements LineTarget {
  readonly #stream: Writable;
  readonly #name: string;
  #fail: ((error: Error) => void) | undefined;
  #failure: Error | undefined;
  #written = 0;
  /** A write failed: the stream is yet to tell so by an event. */
  #hasFailed = false;
  readonly #onError = (error: Error): void => {
    this.#failure ??= error;
    this.#fail?.(error);
  };
  readonly #onClose = (): void => this.#onError(new Error("Cannot write to the output as it was closed"));

  /** @param name - what messages call it */
  constructor(stream: Writable, name: string) {
    this.#stream = stream;
    this.#name = name;
    stream.on("error", this.#onError);
    stream.on("close", this.#onClose);
  }

  get written(): number {
    return this.#written;
  }

  async write(lines: string, count: number): Promise<void> {
    if (this.#failure) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(lines, (error) => (error ? reject(error) : resolve()));
    })
      .catch((error: unknown) => {
        this.#hasFailed = true;
        throw isSystemError(error) ? fileError("write", this.#name, error) : error;
      })
      .finally(() => (this.#fail = undefined));
    this.#written += count;
  }

  /** Waits no longer for the stream to take what is being written: who reads it may never do so again. */
  giveUp(): void {
    this.#onError(new Error("Cannot write to the output as nobody takes what was written"));
  }

  async close(): Promise<void> {
    this.#stream.off("close", this.#onClose);
    const forget = (): void => void this.#stream.off("error", this.#onError);
    // The error of a failed write is emitted when the stream has let go of its file, which takes a while; by then it has been
    // reported, and must not end the program.
    if (this.#hasFailed && !this.#failure) this.#stream.once("close", forget);
    else setImmediate(forget);
  }
}
