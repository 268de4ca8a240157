// What a worker opens it closes itself, in `Symbol.asyncDispose` (or `Symbol.dispose`); the pool calls it before a worker
// ends, for whatever reason it ends. `await using` stops the pool when its block is left, also by an error.
import { ConnectionWorker, OPEN, OPENED } from "./15-cleanup.worker.js";

const counters = new Int32Array(new SharedArrayBuffer(8));
const report = (when: string): void =>
  console.log(`${when}: ${counters[OPEN]} open of ${counters[OPENED]} ever opened`);

{
  await using pool = ConnectionWorker.options({ mode: "thread", maxWorkers: 3 }).init(counters);
  await Promise.all([1, 2, 3].map((id) => pool.query(`SELECT ${id}`)));
  report("while in use");
}
report("after the block");

try {
  await using pool = ConnectionWorker.options({ mode: "thread", maxWorkers: 2 }).init(counters);
  await pool.ready();
  report("before an error");
  await pool.query("");
} catch (error) {
  report(`after ${String(error)}`);
}

// Output:
// while in use: 3 open of 3 ever opened
// after the block: 0 open of 3 ever opened
// before an error: 2 open of 5 ever opened
// after SyntaxError: Empty query: 0 open of 5 ever opened
