import { onAbort } from "../config/on-abort.js";
import type { ByteSource } from "./byte-source.js";

const NEWLINE = 10;
/** Bytes of a line without end that are looked at. */
const MOST = 65_536;

/** What was found, and a source that gives it once more. */
export interface Peeked {
  readonly source: ByteSource;
  readonly line: string;
}

/**
 * Reads the first line of a source. Whoever types it may take their time.
 * @throws the reason of `signal` when that fires first
 */
export async function peekFirstLine(source: ByteSource, signal?: AbortSignal): Promise<Peeked> {
  if (!signal) return peek(source);
  let forget: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else forget = onAbort(signal, reject);
  });
  try {
    return await Promise.race([peek(source), aborted]);
  } finally {
    forget?.();
  }
}

async function peek(source: ByteSource): Promise<Peeked> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let end = -1;
  while (end === -1 && bytes < MOST) {
    const chunk = await source.read();
    if (!chunk) break;
    // A copy: the source may use its memory again.
    const copy = Buffer.from(chunk);
    const at = copy.indexOf(NEWLINE);
    if (at >= 0) end = bytes + at;
    chunks.push(copy);
    bytes += copy.length;
  }
  const all = Buffer.concat(chunks);
  let isFirst = true;
  return {
    line: all.toString("utf8", 0, Math.min(end === -1 ? bytes : end, MOST)),
    source: {
      read: async () => {
        if (!isFirst || all.length === 0) return source.read();
        isFirst = false;
        return all;
      },
      close: () => source.close(),
    },
  };
}
