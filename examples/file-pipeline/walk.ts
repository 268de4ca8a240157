import type { Dirent } from "node:fs";
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";

/** A file to read. */
export interface FoundFile {
  readonly kind: "file";
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/** What stands at one place below a folder. */
export type Found =
  | FoundFile
  | { readonly kind: "skipped"; readonly path: string; readonly reason: string }
  | { readonly kind: "failed"; readonly path: string; readonly error: unknown };

export interface WalkOptions {
  /** Larger files are skipped, in bytes. */
  readonly maxSize: number;
  /** A file to leave out: what is being written. */
  readonly except: { readonly dev: number; readonly ino: number };
}

type Entry = { readonly path: string; readonly dirent: Dirent } | { readonly path: string; readonly error: unknown };

export const MEGABYTE = 1_000_000;

/** Entries taken from a folder at once: bounds memory where one folder holds millions. */
const BATCH = 64;

/**
 * Everything below `folder` that is not a folder, each once, as it is found. Links to files are followed. Links to
 * folders are not: their files would come twice, or for ever.
 */
export async function* walk(folder: string, options: WalkOptions): AsyncGenerator<Found, void, undefined> {
  for await (const batch of batches(folder)) {
    yield* await Promise.all(batch.map((entry) => look(entry, options)));
  }
}

/** How many entries `walk` will find, or those before the signal fired. */
export async function countEntries(folder: string, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const batch of batches(folder)) {
    if (signal.aborted) break;
    count += batch.length;
  }
  return count;
}

async function* batches(folder: string): AsyncGenerator<Entry[], void, undefined> {
  const folders = [folder];
  for (let current = folders.pop(); current !== undefined; current = folders.pop()) {
    let batch: Entry[] = [];
    try {
      for await (const dirent of await opendir(current, { bufferSize: BATCH })) {
        const path = join(current, dirent.name);
        if (dirent.isDirectory()) folders.push(path);
        else if (batch.push({ path, dirent }) === BATCH) {
          yield batch;
          batch = [];
        }
      }
    } catch (error) {
      batch.push({ path: current, error });
    }
    if (batch.length > 0) yield batch;
  }
}

async function look(entry: Entry, { maxSize, except }: WalkOptions): Promise<Found> {
  const { path } = entry;
  if ("error" in entry) return { kind: "failed", ...entry };
  try {
    const status = await stat(path);
    const skipped = (reason: string): Found => ({ kind: "skipped", path, reason });
    if (status.isDirectory()) return skipped("link to a folder");
    // Not opened: a pipe would wait for its writer for ever.
    if (!status.isFile()) return skipped("not a regular file");
    if (status.ino === except.ino && status.dev === except.dev) return skipped("the output itself");
    if (status.size > maxSize) return skipped(`larger than ${maxSize / MEGABYTE} MB`);
    return { kind: "file", path, size: status.size };
  } catch (error) {
    return { kind: "failed", path, error };
  }
}
