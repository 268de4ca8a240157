// `wait` tells which calls have settled and which have not: when all have, with the first, with the first that failed, or
// when a time is over. It never rejects for a call that failed. So programs ask the fastest of several, look again and
// again while work goes on, and give up what takes too long.
import { wait } from "manyhands";
import { MirrorWorker } from "./38-wait.worker.js";

await using pool = MirrorWorker.options({ mode: "async" }).init();

// The fastest of three copies of one call; the others are cancelled.
const copies = [pool.fetch("far", 60_000), pool.fetch("near", 0), pool.fetch("further", 60_000)];
const { done, pending } = await wait(copies, { returnWhen: "first-completed" });
for (const future of pending) future.cancel();
for (const future of done) console.log(await future, "- cancelled:", pending.size);

// A time for all of them; what is late goes on.
const tasks = [pool.fetch("a", 0), pool.fetch("b", 600), pool.fetch("c", 0)];
const early = await wait(tasks, { timeout: 200 });
for (const [index, future] of tasks.entries()) {
  console.log(`task ${index}:`, early.done.has(future) ? await future : "late, and goes on");
}
console.log("later:", await tasks[1]);

// A look every so often, until nothing is pending.
let waiting = new Set([pool.fetch("slow", 120), pool.fetch("fast", 0)]);
let looks = 0;
while (waiting.size > 0) {
  ({ pending: waiting } = await wait(waiting, { timeout: 20 }));
  looks += 1;
}
console.log("looked more than once:", looks > 1);

// Output:
// answer of near - cancelled: 2
// task 0: answer of a
// task 1: late, and goes on
// task 2: answer of c
// later: answer of b
// looked more than once: true
