// A group owns the work it starts: three shards are searched at once, at most two at a time, and whoever leaves the group
// has waited for all of them. One that fails cancels the others, which clean up first; what waits never begins; calls of
// pools made inside belong to the group too; and a group that is late, or whose caller gives up, ends the same way.
import { setTimeout as sleep } from "node:timers/promises";
import { taskGroup, TaskGroup, TimeoutError } from "manyhands";
import { ShardWorker } from "./27-task-group.worker.js";

await using pool = ShardWorker.options({ mode: "thread", maxWorkers: 2, concurrency: 4 }).init();
await pool.ready();
const HOUR = 3_600_000;

// The value of the body, when all children have ended.
const found = await taskGroup(
  async (group) => {
    const shards = ["a", "b", "c"].map((shard) => group.spawn(() => pool.search(shard, 5), { name: shard }));
    return Promise.all(shards);
  },
  { concurrency: 2 },
);
console.log("found:", found.join(", "));

// The first failure.
const log: string[] = [];
try {
  await taskGroup(
    async (group) => {
      const slow = group.spawn(() => pool.search("slow", HOUR), { name: "slow" });
      group.spawn(
        async (signal) => {
          try {
            await sleep(HOUR, undefined, { signal });
          } finally {
            await sleep(5);
            log.push("cleaned up");
          }
        },
        { name: "careful" },
      );
      group.spawn(() => pool.search("broken", 20), { name: "broken" });
      const waiting = group.spawn(() => log.push("never"), { name: "waiting" });
      await Promise.allSettled([slow, waiting]);
      log.push(`slow ${slow.status}, waiting ${waiting.status}`);
    },
    { concurrency: 3, name: "search" },
  );
} catch (error) {
  const { message, errors } = error as AggregateError;
  console.log(message);
  console.log("errors:", errors.length, "log:", log.toSorted());
}
console.log("calls still running:", pool.stats().calls.running);

// Its time is up: groups inside have no later deadline, and calls neither.
const late = taskGroup(async () => taskGroup(async () => pool.search("slow", HOUR), { timeout: HOUR }), {
  timeout: 50,
});
console.log(
  "late:",
  await late.catch((error: unknown) => (error instanceof TimeoutError ? `${error.timeout} ms were not enough` : error)),
);

// The one who asked has gone.
const controller = new AbortController();
const request = taskGroup(async () => pool.search("slow", HOUR), { signal: controller.signal });
controller.abort(new Error("The user went away"));
console.log("aborted:", await request.catch((error: unknown) => (error as Error).message));

// As a block: leaving it waits for the children. The first answer is enough, and cancelling is no error.
let first: string | undefined;
{
  await using group = new TaskGroup();
  for (const [shard, ms] of [
    ["far", HOUR],
    ["near", 1],
  ] as const) {
    group.spawn(async () => {
      first = await pool.search(shard, ms);
      group.cancel();
    });
  }
}
console.log("first:", first);

// Output:
// found: a in 5 ms, b in 5 ms, c in 5 ms
// Cannot finish the group 'search' as 'broken' failed: The shard 'broken' is broken
// errors: 1 log: [ 'cleaned up', 'slow cancelled, waiting cancelled' ]
// calls still running: 0
// late: 50 ms were not enough
// aborted: The user went away
// first: near in 1 ms
