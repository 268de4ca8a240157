/** What tells one input from another, without reading all of it. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const EDGE = 65_536;
const SAMPLE = 4096;
const SAMPLES = 64;

/** An input as its checkpoint knows it: a file by its size and parts of it, a stream by its first line. */
export interface InputIdentity {
  readonly kind: "file" | "stream";
  /** In bytes; `undefined` for a stream. */
  readonly size?: number;
  readonly digest: string;
}

/**
 * Describes the first `size` bytes of a file: their number, the first and last 64 KiB, and 64 parts in between. A change
 * elsewhere that leaves the size as it is goes unnoticed.
 *
 * @param size - all of them, by default
 */
export async function identifyFile(path: string, size?: number): Promise<InputIdentity> {
  const file = await open(path, "r");
  try {
    const bytes = size ?? (await file.stat()).size;
    const hash = createHash("sha256");
    const buffer = Buffer.alloc(EDGE);
    const take = async (from: number, length: number): Promise<void> => {
      const { bytesRead } = await file.read(buffer, 0, Math.min(length, bytes - from), from);
      hash.update(buffer.subarray(0, bytesRead));
    };
    await take(0, EDGE);
    for (let sample = 1; sample <= SAMPLES && bytes > 2 * EDGE; sample += 1) {
      await take(Math.floor((bytes / (SAMPLES + 1)) * sample), SAMPLE);
    }
    if (bytes > EDGE) await take(Math.max(EDGE, bytes - EDGE), EDGE);
    return { kind: "file", size: bytes, digest: hash.digest("hex").slice(0, 32) };
  } finally {
    await file.close();
  }
}

/** Describes a stream by its first line. */
export function identifyStream(firstLine: string): InputIdentity {
  return { kind: "stream", digest: createHash("sha256").update(firstLine.trimEnd()).digest("hex").slice(0, 32) };
}
