// Two stages that run at the same time: ten consumers fetch tokens, five turn each token into a result, and queues carry
// items from one to the other. The end is told by closing a queue, not by an item that means it. Order is traded for speed.
// The last line holds the time taken to the least that is possible with the very pauses that were made.
import { Queue } from "manyhands";

const N = 1000;
const MAX_TOKEN_MS = 10;
const MAX_RESULT_MS = 5;
const TOKEN_CONSUMERS = 10;
const RESULT_CONSUMERS = 5;

const todo = new Queue<number>({ capacity: 100 });
const tokens = new Queue<string>({ capacity: 100 });
const results = new Queue<string>();

/** How long each pause really took, by item. */
const tokenPauses: number[] = [];
const resultPauses: number[] = [];

async function pause(max: number): Promise<number> {
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, Math.random() * max));
  return performance.now() - start;
}

const start = performance.now();
const fetching = todo.consume(
  async (item) => {
    tokenPauses[item] = await pause(MAX_TOKEN_MS);
    await tokens.put(`token_${item}`);
  },
  { concurrency: TOKEN_CONSUMERS },
);
const processing = tokens.consume(
  async (token) => {
    resultPauses[Number(token.slice("token_".length))] = await pause(MAX_RESULT_MS);
    await results.put(token.replace("token", "result"));
  },
  { concurrency: RESULT_CONSUMERS },
);
for (let item = 0; item < N; item += 1) await todo.put(item);
todo.close();
await fetching;
tokens.close();
await processing;
results.close();
const took = performance.now() - start;

const all: string[] = [];
for await (const result of results) all.push(result);
const expected = Array.from({ length: N }, (_, item) => `result_${item}`);
const isComplete = new Set(all).size === N && expected.every((result) => all.includes(result));
console.log(`results: ${all.length}, complete: ${isComplete}, in order: ${all.join() === expected.join()}`);

/** When each item is done, if as many at once as there are consumers take them in order, without any loss of time. */
function schedule(consumers: number, items: readonly { readonly ready: number; readonly ms: number }[]): number[] {
  const free = Array.from({ length: consumers }, () => 0);
  return items.map(({ ready, ms }) => {
    const consumer = free.indexOf(Math.min(...free));
    return (free[consumer] = Math.max(free[consumer]!, ready) + ms);
  });
}
const fetched = schedule(
  TOKEN_CONSUMERS,
  tokenPauses.map((ms) => ({ ready: 0, ms })),
);
const inOrder = fetched
  .map((ready, item) => ({ ready, ms: resultPauses[item]! }))
  .toSorted((a, b) => a.ready - b.ready);
const ideal = Math.max(...schedule(RESULT_CONSUMERS, inOrder));
console.log("at most 1.1 times the ideal:", took <= 1.1 * ideal);
if (process.stdout.isTTY) console.log(`took ${took.toFixed(0)} ms, ideal ${ideal.toFixed(0)} ms`);

// Output:
// results: 1000, complete: true, in order: false
// at most 1.1 times the ideal: true
