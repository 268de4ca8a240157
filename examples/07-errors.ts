// Errors arrive as themselves: class, message, own fields and cause, from a thread or a process. A batch in which some
// calls fail gives up none of the others; a result that does not come is no longer waited for; a worker that dies fails
// its own call alone.
import { TimeoutError, WorkerCrashedError } from "manyhands";
import { NegativeValueError, RiskyWorker } from "./07-errors.worker.js";

await using pool = RiskyWorker.options({ mode: "process", maxWorkers: 2 }).init();

const values = [1, 2, -3, 4, -5];
for (const [index, future] of values.map((value) => pool.riskyOperation(value)).entries()) {
  try {
    console.log(`success: ${values[index]} -> ${await future}`);
  } catch (error) {
    if (!(error instanceof NegativeValueError)) throw error;
    console.log(`error: ${error.message} (value ${error.value}, cause ${(error.cause as Error).name})`);
  }
}

const items = [
  { value: 1 },
  { value: 2, shouldFail: true },
  { value: 3 },
  { value: 4, shouldFail: true },
  { value: 5 },
];
const results: number[] = [];
const errors: string[] = [];
for (const [index, future] of items.map((item) => pool.process(item)).entries()) {
  try {
    results.push(await future.result({ timeout: 10_000 }));
  } catch (error) {
    errors.push(`${index}: ${error instanceof TimeoutError ? "timeout" : (error as Error).message}`);
  }
}
console.log(`successful: ${results.join(", ")}; failed: ${errors.join(", ")}`);

const crash = await pool.crash().exception();
if (crash instanceof WorkerCrashedError) console.log(`crash: ${crash.reason} with ${crash.exitCode}`);
console.log("the pool goes on:", await pool.riskyOperation(21));

// `result({ timeout })` stops waiting; the call itself goes on.
await using threads = RiskyWorker.options({ mode: "thread", maxWorkers: 1 }).init();
await threads.ready();
const gate = new Int32Array(new SharedArrayBuffer(4));
const late = threads.waitFor(gate);
const impatience = await late.result({ timeout: 10 }).catch((error: unknown) => error);
console.log("gave up waiting:", impatience instanceof TimeoutError, "status:", late.status);
Atomics.store(gate, 0, 1);
Atomics.notify(gate, 0);
console.log("and it was", await late);

// Output:
// success: 1 -> 2
// success: 2 -> 4
// error: Negative value not allowed: -3 (value -3, cause TypeError)
// success: 4 -> 8
// error: Negative value not allowed: -5 (value -5, cause TypeError)
// successful: 2, 6, 10; failed: 1: Processing failed, 3: Processing failed
// crash: exit with 3
// the pool goes on: 42
// gave up waiting: true status: running
// and it was there after all
