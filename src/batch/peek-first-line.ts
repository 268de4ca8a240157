import type { ByteSource } from "./byte-source.js";

const NEWLINE = 10;
/** Bytes of a line without end that are looked at. */
const MOST = 65_536;

/** Reads the first line of a source, and returns a source that gives it once more. */
export async function peekFirstLine(source: ByteSource): Promise<{ source: ByteSource; line: string }> {
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
