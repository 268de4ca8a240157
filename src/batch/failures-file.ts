/** The file that takes what failed: made anew by each run, and never in place of something else. */
import { lstat, open, rm, stat, truncate } from "node:fs/promises";
import { refusal } from "./refuse.js";

const START = '{"index":';

/**
 * Checks that a file may be made anew as one of failures.
 * @throws {BatchRefusedError} when it holds something else
 */
export async function assertFailures(path: string): Promise<void> {
  if (!(await hasBytes(path))) return;
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(START.length), 0, START.length, 0);
    if (buffer.toString("utf8", 0, bytesRead) === START) return;
    throw refusal("failures", `Cannot write the failures to ${path} as it holds something else`);
  } finally {
    await file.close();
  }
}

/** Removes a file, or empties what a link leads to; a device is left as it is. */
export async function discardFailures(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile()) await rm(path, { force: true });
  else if (await hasBytes(path)) await truncate(path);
}

/** Whether there is a regular file, and something in it. */
export async function hasBytes(path: string): Promise<boolean> {
  const found = await statOf(path);
  return found !== undefined && found.isFile() && found.size > 0;
}

/** Whether there is something that is no regular file, such as a device or a pipe. */
export async function isSpecial(path: string): Promise<boolean> {
  return (await statOf(path))?.isFile() === false;
}

async function statOf(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
