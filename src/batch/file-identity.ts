/** Which names are names of one file. */
import { fstat } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

/** Numbers of files may be larger than what is exact as a plain number. */
const BIGINT = { bigint: true } as const;

/** The path that all ways to a file have in common, also when there is no such file yet. */
export async function realPath(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return join(await realpath(dirname(absolute)), basename(absolute));
  }
}

/** What all names of a file have in common, also hard links; `undefined` when there is no such file, or it is no plain one. */
export async function identify(file: string | number): Promise<string | undefined> {
  try {
    const found = typeof file === "string" ? await stat(file, BIGINT) : await promisify(fstat)(file, BIGINT);
    return found.isFile() ? `${found.dev}:${found.ino}` : undefined;
  } catch {
    // Whoever opens it says what is wrong with it.
    return undefined;
  }
}
