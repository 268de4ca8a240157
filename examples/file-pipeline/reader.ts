import { readFile } from "node:fs/promises";
import { worker } from "manyhands";
import { NotTextError } from "./not-text-error.js";

/** A file and what is in it. */
export interface FileContent {
  readonly path: string;
  readonly content: Uint8Array;
}

/** Where a NUL byte is looked for, in bytes from the start. */
const PROBED = 8192;

/** The first stage, for `async` mode: it only waits, and hands its result on by reference. */
export class Reader {
  async read(path: string): Promise<FileContent> {
    const content = await readFile(path);
    if (content.subarray(0, PROBED).includes(0)) throw new NotTextError(path);
    return { path, content };
  }
}

export const ReaderWorker = worker(import.meta, Reader, { mode: "async", errors: [NotTextError] });
