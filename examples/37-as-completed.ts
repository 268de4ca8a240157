// `asCompleted` yields calls as they complete, the fastest first: results can be used while others are still on their way.
// A failure is one more outcome, told by `status`; awaiting the settled `future` throws its error. Leaving the loop early
// leaves nothing behind.
import { asCompleted } from "manyhands";
import { SlowWorker } from "./37-as-completed.worker.js";

await using pool = SlowWorker.options({ mode: "thread", maxWorkers: 1, concurrency: 10 }).init();
await pool.ready();

const delays = [400, -1, 200, 0];
for await (const { index, status, value, error } of asCompleted(delays.map((delay) => pool.fetch(delay)))) {
  if (status === "done") console.log(`call ${index}: ${value}`);
  else console.log(`call ${index}: ${status},`, (error as Error).message);
}

try {
  for await (const { future } of asCompleted([pool.fetch(-2), pool.fetch(300)]))
    console.log("not reached", await future);
} catch (error) {
  console.log("the loop ended:", (error as Error).message);
}

// The first two of three are enough.
const fastest: string[] = [];
const futures = [300, 10_000, 0].map((delay) => pool.fetch(delay));
for await (const { future } of asCompleted(futures)) {
  fastest.push(await future);
  if (fastest.length === 2) break;
}
console.log("fastest:", fastest.join(", "), "- the other:", futures[1]!.status);
futures[1]!.cancel();

// Output:
// call 1: failed, Cannot wait for -1 ms
// call 3: after 0 ms
// call 2: after 200 ms
// call 0: after 400 ms
// the loop ended: Cannot wait for -2 ms
// fastest: after 0 ms, after 300 ms - the other: running
