import { open } from "node:fs/promises";

const LOOKED_AT = 1024 * 1024;

/** The model that the first line of a file names, as lines of OpenAI Batch do; `undefined` where it names none. */
export async function modelOfInput(path: string): Promise<string | undefined> {
  if (path === "-") return undefined;
  try {
    const file = await open(path, "r");
    try {
      if (!(await file.stat()).isFile()) return undefined;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LOOKED_AT), 0, LOOKED_AT, 0);
      const [line = ""] = buffer.toString("utf8", 0, bytesRead).split("\n", 1);
      const { model, body } = JSON.parse(line) as { model?: unknown; body?: { model?: unknown } };
      const named = body?.model ?? model;
      return typeof named === "string" && named !== "" ? named : undefined;
    } finally {
      await file.close();
    }
  } catch {
    // Whoever reads it says what is wrong with it.
    return undefined;
  }
}
