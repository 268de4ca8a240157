// `blocking: true`: methods return their result itself, asynchronous ones too, and the caller waits. For code that cannot
// await: a synchronous callback, a build script, a REPL. Errors are thrown, and `using` ends the workers.
import { ParserWorker } from "./14-blocking.worker.js";

const modes = ["thread", "process"] as const;
for (const mode of modes) {
  using pool = ParserWorker.options({ mode, maxWorkers: 2, blocking: true }).init();
  const total = ["1,2", "3,4", "5"].flatMap((line) => pool.parse(line)).reduce((sum, value) => sum + value, 0);
  console.log(`${mode}: the total is ${total}`);
  try {
    pool.parse("1,two");
  } catch (error) {
    console.log(`${mode}: ${String(error)}`);
  }
  console.log(`${mode}: a stream is an iterable: ${Array.from(pool.split("a,b,c")).join(" ")}`);
  console.log(`${mode}: calls done: ${pool.stats().calls.done}`);
}

// Output:
// thread: the total is 15
// thread: SyntaxError: Not numbers: 1,two
// thread: a stream is an iterable: a b c
// thread: calls done: 4
// process: the total is 15
// process: SyntaxError: Not numbers: 1,two
// process: a stream is an iterable: a b c
// process: calls done: 4
