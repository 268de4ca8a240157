// A generator method is a stream, in every mode: the reader takes items as they come, the worker is never more than
// `readAhead` items ahead, and leaving the loop early runs the generator's `finally` in the worker.
import { LogReaderWorker } from "./09-streaming.worker.js";

await using pool = LogReaderWorker.options({ mode: "thread", maxWorkers: 1 }).init();

let read = 0;
for await (const line of pool.with({ readAhead: 32 }).lines()) {
  read += 1;
  if (!line.includes("ERROR")) continue;
  console.log("found:", line);
  break;
}
const { isOpen, yielded } = await pool.state();
console.log(`read ${read} lines; the worker made at most 32 more: ${yielded <= read + 32}; still open: ${isOpen}`);

const numbers: number[] = [];
for await (const value of pool.countdown(5)) numbers.push(value);
console.log("countdown:", numbers.join(" "));

// Output:
// found: ERROR in line 1000
// read 1000 lines; the worker made at most 32 more: true; still open: false
// countdown: 5 4 3 2 1
