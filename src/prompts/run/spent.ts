import { stat } from "node:fs/promises";
import { openSource } from "../../batch/byte-source.js";
import { DoneSet } from "../../batch/done-set.js";
import { LineReader } from "../../batch/line-reader.js";
import { latePath } from "../../batch/merge-outputs.js";
import type { Usage } from "../provider.js";
import { usageOfLine } from "./answer-line.js";

const LONGEST_LINE = 1024 * 1024 * 1024;

/**
 * Sums up the tokens that the answers in an output have taken. Lines that are not ours are passed over: whoever opens the
 * output refuses it.
 */
export async function sumUsage(output: string): Promise<Usage> {
  const counted = new DoneSet();
  const sum = { input: 0, output: 0, cached: 0 };
  for (const path of [output, latePath(output)]) {
    for await (const line of linesOf(path)) {
      const found = read(line);
      // A run that was killed while it merged has left lines in both files.
      if (!found || !counted.add(found.index) || !found.usage) continue;
      sum.input += found.usage.input;
      sum.output += found.usage.output;
      sum.cached += found.usage.cached ?? 0;
    }
  }
  return sum;
}

/** Whole lines only: the last may be torn. */
async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  // What is no plain file cannot be resumed, and to open a pipe would wait for its writer.
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return;
  const source = await openSource(path);
  try {
    const reader = new LineReader(LONGEST_LINE);
    for (let chunk = await source.read(); chunk; chunk = await source.read()) {
      reader.push(chunk);
      for (let line = reader.next(); line !== undefined; line = reader.next()) {
        if (typeof line === "string") yield line;
      }
    }
  } finally {
    await source.close();
  }
}

function read(line: string): ReturnType<typeof usageOfLine> | undefined {
  try {
    const found = usageOfLine(line);
    return Number.isSafeInteger(found.index) ? found : undefined;
  } catch {
    return undefined;
  }
}
