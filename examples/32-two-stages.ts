// "Parallel feeding and reading from queues" as a pipeline: 1,000 items, a stage for tokens with 10 workers and one for
// results with 5. There are no queues, no sentinels and no threads to join, and the order of the items is kept.
import { pipeline } from "manyhands";

const N = 1000;
const LONGEST_TOKEN_MS = 10;
const LONGEST_RESULT_MS = 5;
const TOKEN_WORKERS = 10;
const RESULT_WORKERS = 5;

const sleep = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function getToken(index: number): Promise<string> {
  await sleep(Math.random() * LONGEST_TOKEN_MS);
  return `token_${index}`;
}

async function getResult(token: string): Promise<string> {
  await sleep(Math.random() * LONGEST_RESULT_MS);
  return token.replace("token", "result");
}

const { results, stats } = await pipeline(Array.from({ length: N }, (_, index) => index))
  .stage(getToken, { concurrency: TOKEN_WORKERS })
  .stage(getResult, { concurrency: RESULT_WORKERS })
  .run();

const isInOrder = results.every((result, index) => result === `result_${index}`);
console.log(`Results: length ${results.length}, order okay: ${isInOrder}`);

for (const { name, concurrency, in: began, out } of stats.stages) console.log(name, { concurrency, began, out });
const alone = stats.stages.reduce((sum, { busy }) => sum + busy, 0);
console.log("At least three times as fast as one after the other:", alone / stats.elapsed > 3);

// Output:
// Results: length 1000, order okay: true
// getToken { concurrency: 10, began: 1000, out: 1000 }
// getResult { concurrency: 5, began: 1000, out: 1000 }
// At least three times as fast as one after the other: true
