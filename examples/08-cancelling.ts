// Calls end early in three ways: cancelled by hand, cancelled by a signal, timed out. One that waits is removed at once;
// one that runs sees `call().signal` fire; a worker that does not let go within `grace` is ended and replaced.
import { type CancelledError, TimeoutError } from "manyhands";
import { SlowWorker } from "./08-cancelling.worker.js";

await using pool = SlowWorker.options({ mode: "thread", maxWorkers: 1, grace: 5000 }).init();
await pool.ready();

const HOUR = 3_600_000;
const running = pool.download(HOUR);
const waiting = pool.download(HOUR);
console.log("cancel the one that waits:", waiting.cancel(), waiting.status);
console.log("cancel the one that runs:", running.cancel(), running.status);
console.log("they reject with", await running.exception().then((error) => (error as CancelledError).name));
console.log("its finally ran:", (await pool.cleanedUp()) === 1);

const controller = new AbortController();
const bySignal = pool.with({ signal: controller.signal }).download(HOUR);
controller.abort(new Error("The user went away"));
console.log("a signal's own reason:", await bySignal.exception().then((error) => (error as Error).message));

const tasks = [1, HOUR, 1].map((ms) => pool.with({ timeout: ms === HOUR ? 100 : 10_000 }).download(ms));
for (const [index, task] of tasks.entries()) {
  const error = await task.exception();
  console.log(`task ${index}:`, error instanceof TimeoutError ? `timed out (${error.code})` : await task);
}

await using stubborn = SlowWorker.options({ mode: "thread", maxWorkers: 1, grace: 50 }).init();
await stubborn.ready();
const stuck = stubborn.with({ timeout: 100 }).spin();
console.log("an endless loop:", await stuck.exception().then((error) => (error as Error).name));
console.log("its replacement:", await stubborn.download(1), "after restarts:", stubborn.stats().workers.restarts);

// Output:
// cancel the one that waits: true cancelled
// cancel the one that runs: true cancelled
// they reject with AbortError
// its finally ran: true
// a signal's own reason: The user went away
// task 0: completed after 1 ms
// task 1: timed out (MH_TIMEOUT)
// task 2: completed after 1 ms
// an endless loop: TimeoutError
// its replacement: completed after 1 ms after restarts: 1
