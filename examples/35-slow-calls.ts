// Slow calls that only wait: one after the other they take the sum of their times, together that of the longest. Two ways
// to make them together: a task mapped over threads, where a call blocks, and calls of one event loop, gathered.
import { gather } from "manyhands";
import { add, AdderWorker } from "./35-slow-calls.worker.js";

const PAIRS = [
  [1, 1],
  [2, 2],
  [3, 3],
] as const;

async function timed(results: () => Promise<readonly number[]>): Promise<[results: readonly number[], ms: number]> {
  const start = performance.now();
  return [await results(), performance.now() - start];
}

await using adder = AdderWorker.options({ mode: "async" }).init();
// The threads are started before the clock is: one call for each.
await gather(Array.from({ length: 5 }, () => add([0, 0])));

const [looped, slowMs] = await timed(async () => {
  const results: number[] = [];
  for (const [a, b] of PAIRS) results.push(await adder.add(a, b));
  return results;
});
const [mapped, threadMs] = await timed(async () => await add.map(PAIRS));
const [gathered, asyncMs] = await timed(() => gather(PAIRS.map(([a, b]) => adder.add(a, b))));
await add.stop();

console.log("loop:   ", looped.join(" "));
console.log("threads:", mapped.join(" "), "faster:", threadMs < slowMs);
console.log("gather: ", gathered.join(" "), "faster:", asyncMs < slowMs);

// Output:
// loop:    2 4 6
// threads: 2 4 6 faster: true
// gather:  2 4 6 faster: true
