import type { HttpReply } from "./transport.js";
import { UnreadableError } from "./unreadable-error.js";

/** It drops a byte order mark, which JSON has no place for. */
const DECODER = new TextDecoder();

/** Bytes of the longest body. */
export const LONGEST_BODY = 64 * 1024 * 1024;
/** Bytes of the body of an error that are read. */
const LONGEST_ERROR = 64 * 1024;
/** In ms. */
const ERROR_WITHIN = 5000;

/** @throws {UnreadableError} when it is longer than {@link LONGEST_BODY} */
export async function readBody(reply: HttpReply): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  await reply.read((chunk) => {
    size = addSize(size, chunk);
    chunks.push(chunk);
  });
  return decode(chunks);
}

/** @throws {UnreadableError} when the body has grown longer than {@link LONGEST_BODY} */
export function addSize(size: number, chunk: Uint8Array): number {
  if (size + chunk.byteLength > LONGEST_BODY) {
    throw new UnreadableError(`the response is longer than ${LONGEST_BODY / 1024 / 1024} MiB`);
  }
  return size + chunk.byteLength;
}

/** The beginning of the body of an error; what breaks meanwhile does not matter, for the status says enough. */
export async function readErrorText(reply: HttpReply): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // What matters of an error is its status: its text is not waited for as long as an answer.
  const limit = setTimeout(() => reply.discard(), ERROR_WITHIN);
  try {
    await reply.read((chunk) => {
      chunks.push(chunk);
      size += chunk.byteLength;
      return size >= LONGEST_ERROR;
    });
  } catch {
    // The signal is looked at by the caller.
  } finally {
    clearTimeout(limit);
  }
  return decode(chunks);
}

function decode(chunks: readonly Uint8Array[]): string {
  const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  return DECODER.decode(whole);
}
