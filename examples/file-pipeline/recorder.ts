import { type FileHandle, open } from "node:fs/promises";
import { worker } from "manyhands";
import type { FileRecord } from "./analyser.js";

/** The output cannot be written: no further record can be stored. */
export class OutputError extends Error {
  override name = "OutputError";
}

/**
 * The last stage: appends records to a JSON Lines file, one worker for one file.
 *
 * Records that come while a write is under way leave together in the next. A call ends when its line is in the file.
 *
 * R1. The file holds whole lines only, also after a write that failed.
 * R2. After one write failed all later calls fail with its error.
 */
export class Recorder implements AsyncDisposable {
  readonly #path: string;
  #file: FileHandle | undefined;
  #lines: string[] = [];
  /** The write that will take the lines gathered so far. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();
  #size = 0;

  /** Empties the file, or creates it, with the first record. */
  constructor(path: string) {
    this.#path = path;
  }

  async store(record: FileRecord): Promise<FileRecord> {
    this.#lines.push(`${JSON.stringify(record)}\n`);
    this.#next ??= this.#last = this.#last.then(() => this.#write());
    await this.#next;
    return record;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last.catch(() => {});
    await this.#file?.close();
  }

  async #write(): Promise<void> {
    const bytes = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    this.#next = undefined;
    try {
      this.#file ??= await open(this.#path, "w");
      await this.#file.writeFile(bytes);
      this.#size += bytes.length;
    } catch (error) {
      await this.#file?.truncate(this.#size).catch(() => {});
      throw new OutputError(`Cannot write to ${this.#path}: ${(error as Error).message}`, { cause: error });
    }
  }
}

export const RecorderWorker = worker(import.meta, Recorder, { mode: "async", maxWorkers: 1 });
