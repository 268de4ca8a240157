/** Ways to run a function over each line of a file and write each result as a line. */
import { appendFile, open, rm } from "node:fs/promises";
import { createReadStream, createWriteStream } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import pLimit from "p-limit";
import { runBatch } from "manyhands/batch";

/** One way; only ours can be resumed after a crash, and refuses a second run on the same output. */
export interface BatchPeer {
  readonly name: string;
  /** Items it can do in the time of a round, where that are not all. */
  readonly most?: number;
  run(input: string, output: string, work: (item: Row) => unknown): Promise<void>;
}

/** An item of the input. */
export interface Row {
  readonly id: number;
  readonly text: string;
}

const CONCURRENCY = 64;

export const batchPeers: readonly BatchPeer[] = [
  {
    name: "manyhands",
    run: async (input, output, work) => void (await runBatch({ input, output, overwrite: true, run: work })),
  },
  {
    name: "manyhands, ordered",
    run: async (input, output, work) => {
      await runBatch({ input, output, overwrite: true, ordered: true, run: work });
    },
  },
  {
    // Nothing says what is done after a crash but whole lines; the last may be torn.
    name: "readline, p-limit and a write stream",
    run: async (input, output, work) => {
      const stream = createWriteStream(output);
      await limited(input, work, async (line) => {
        if (!stream.write(line)) await once(stream, "drain");
      });
      stream.end();
      await finished(stream);
    },
  },
  {
    name: "readline, p-limit and appendFile for each line",
    most: 50_000,
    run: async (input, output, work) => {
      await rm(output, { force: true });
      await limited(input, work, (line) => appendFile(output, line));
    },
  },
  {
    name: "FileHandle.readLines, one item at a time",
    run: async (input, output, work) => {
      const [source, target] = [await open(input), createWriteStream(output)];
      let index = 0;
      for await (const line of source.readLines()) {
        const result = await work(JSON.parse(line) as Row);
        if (!target.write(`${JSON.stringify({ index: index++, output: result })}\n`)) await once(target, "drain");
      }
      target.end();
      await finished(target);
    },
  },
];

/** What one would write by hand: no more in memory than runs, and a few that wait. */
async function limited(
  input: string,
  work: (item: Row) => unknown,
  write: (line: string) => Promise<void>,
): Promise<void> {
  const limit = pLimit(CONCURRENCY);
  const running = new Set<Promise<void>>();
  let index = 0;
  for await (const line of createInterface({ input: createReadStream(input), crlfDelay: Infinity })) {
    const at = index++;
    const item = limit(async () => {
      const output = await work(JSON.parse(line) as Row);
      await write(`${JSON.stringify({ index: at, output })}\n`);
    });
    running.add(item);
    void item.finally(() => running.delete(item));
    if (running.size >= 2 * CONCURRENCY) await Promise.race(running);
  }
  await Promise.all(running);
}
