// Which errors are retried is said by classes and by predicates, which may also log; methods may have settings of their
// own. An attempt stays on the worker that took the call, unless that died. `until` refuses results.
import { type RetryContext, RetryValidationError, TaskPool, WorkerCrashedError } from "manyhands";
import { BusyError, FlakyWorker } from "./22-retries.worker.js";

const log: string[] = [];
const isSyntaxError = ({ error, attempt, method }: RetryContext): boolean => {
  log.push(`${method} failed at attempt ${attempt}`);
  return error instanceof SyntaxError && attempt < 2;
};

await using pool = FlakyWorker.options({
  mode: "thread",
  maxWorkers: 2,
  retry: { retries: 3, wait: 1, on: [BusyError, isSyntaxError] },
  methods: {
    answer: { retry: { retries: 5, wait: 1, until: (text: string) => text.length > 2 || "too short" } },
    dieOnce: { retry: { retries: 1, wait: 1, on: WorkerCrashedError } },
  },
}).init();

const future = pool.fetch(1, 2);
console.log(await future, "after", future.attempts, "attempts");
console.log(String(await pool.fetch(2, 9).exception()));

const bug = pool.parse("{");
console.log((await bug.exception()) instanceof SyntaxError, bug.attempts);
console.log(log.join("; "));

console.log(await pool.workers[0]!.answer(), await pool.dieOnce());

const never = (): string => "that will not do";
const strict = { mode: "process", maxWorkers: 1, retry: { retries: 2, wait: 1, until: () => false } } as const;
await using tasks = new TaskPool(strict);
const refused = await tasks.submit(never).exception();
console.log(refused instanceof RetryValidationError && refused.results);
console.log("retried in all:", pool.stats().calls.retried + tasks.stats().calls.retried);

// Output:
// 1 by worker 0 after 3 attempts
// BusyError: Server is busy with 2
// true 2
// parse failed at attempt 1; parse failed at attempt 2
// forty-two by another worker
// [ 'that will not do', 'that will not do', 'that will not do' ]
// retried in all: 11
