import { stripVTControlCharacters } from "node:util";
import type { ProgressStream } from "./progress-output.js";

const NEWLINE = 10;
const LONGEST_CODES = 64;

/** What happens around each write to a stream. */
export interface Interceptor {
  before(): void;
  /** `isWhole`: whether the cursor is at the beginning of a line again. */
  after(isWhole: boolean): void;
}

/**
 * Tells of everything that is written to a stream through its `write`, as `console.log` does, and passes it on as it is.
 * What is written past it, by child processes or to the file descriptor, is not seen.
 *
 * @returns what ends it
 */
export function intercept(stream: ProgressStream, interceptor: Interceptor): () => void {
  const original = stream.write;
  const isOwn = Object.hasOwn(stream, "write");
  let isOn = true;
  const write = function write(this: unknown, ...args: Parameters<typeof original>): unknown {
    if (!isOn || args[0].length === 0) return original.apply(stream, args);
    interceptor.before();
    try {
      return original.apply(stream, args);
    } finally {
      interceptor.after(isWhole(args[0]));
    }
  };
  stream.write = write;
  return () => {
    isOn = false;
    // Whoever replaced it after us still calls it: it then only passes on.
    if (stream.write !== write) return;
    if (isOwn) stream.write = original;
    else delete (stream as { write?: unknown }).write;
  };
}

function isWhole(chunk: string | Uint8Array): boolean {
  if (typeof chunk !== "string") return chunk.at(-1) === NEWLINE;
  // Colours may be turned off behind the end of a line.
  return stripVTControlCharacters(chunk.slice(-LONGEST_CODES)).endsWith("\n");
}
