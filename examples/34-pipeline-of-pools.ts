// A pipeline whose stages are a function, a pool of threads, and a function for batches with retries and a limit: what
// fails is collected beside the results, and each stage tells what it did.
import { pipeline, ResourceLimit } from "manyhands";
import { ParserWorker } from "./34-pipeline-of-pools.worker.js";

await using parser = ParserWorker.options({ mode: "thread", maxWorkers: 2 }).init();

const PAGES = Array.from({ length: 12 }, (_, index) => `/${index}`);

async function fetchPage(path: string): Promise<{ path: string; body: string }> {
  return { path, body: path === "/7" ? "<html" : `<p>${"word ".repeat(path.length * 3)}</p>` };
}

let refusals = 0;
async function insert(rows: { path: string; words: number }[]): Promise<string[]> {
  refusals += 1;
  if (refusals === 1) throw new Error("The database is busy");
  return rows.map(({ path, words }) => `${path}: ${words} words`);
}

const { results, failures, stats } = await pipeline(PAGES)
  .stage(fetchPage, { concurrency: 8 })
  .stage(parser.parse)
  .stage(insert, {
    batch: { size: 4, maxWait: 50 },
    limits: [new ResourceLimit({ key: "connections", capacity: 1 })],
    retry: { retries: 2, wait: 5 },
  })
  .run({ onError: "collect" });

console.log("stored:", results.length, "such as", results.at(-1));
for (const { stage, index, error } of failures) console.log(`failed in ${stage}: ${PAGES[index]}, ${String(error)}`);
for (const { name, in: began, out, failed, retried } of stats.stages)
  console.log(name, { began, out, failed, retried });

// Output:
// stored: 11 such as /11: 9 words
// failed in Parser.parse: /7, SyntaxError: The page is not complete
// fetchPage { began: 12, out: 12, failed: 0, retried: 0 }
// Parser.parse { began: 12, out: 11, failed: 1, retried: 0 }
// insert { began: 11, out: 11, failed: 0, retried: 1 }
