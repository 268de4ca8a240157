import { open } from "node:fs/promises";

const NEWLINE = 10;
const CHUNK = 262_144;

/** Counts the lines of a file, as far as it goes while nobody aborts; `undefined` when it could not. */
export async function countLines(path: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const buffer = Buffer.allocUnsafeSlow(CHUNK);
      let lines = 0;
      let last = NEWLINE;
      while (!signal.aborted) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK, null);
        if (bytesRead === 0) return last === NEWLINE ? lines : lines + 1;
        for (let at = buffer.indexOf(NEWLINE); at !== -1 && at < bytesRead; at = buffer.indexOf(NEWLINE, at + 1)) {
          lines += 1;
        }
        last = buffer[bytesRead - 1]!;
      }
      return undefined;
    } finally {
      await file.close();
    }
  } catch {
    // It is for the display only; whoever runs the items meets the error too.
    return undefined;
  }
}
