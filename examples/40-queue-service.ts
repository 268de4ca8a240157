// A queue that several producers fill and several consumers empty, some of them workers of a pool. `put` slows producers
// down to what consumers can do, and `join` waits until everything is processed. When the last consumer has died, whoever
// would wait for it gets an error that says so, instead of waiting for ever.
import { gather, Queue, QueueAbandonedError, TimeoutError } from "manyhands";
import { IndexerWorker } from "./40-queue-service.worker.js";

await using pool = IndexerWorker.options({ mode: "thread", maxWorkers: 2 }).init();

const queue = new Queue<string>({ capacity: 4 });
const indexing = queue.consume((page) => pool.index(page), { concurrency: 4 });

const produce = async (name: string, count: number): Promise<void> => {
  for (let page = 0; page < count; page += 1) await queue.put(`${name}/${page}`);
};
await gather([produce("news", 50), produce("wiki", 30)]);
await queue.join();
console.log("indexed:", indexing.progress?.done, "left:", queue.unfinished);

// The service goes on: more may come at any time. One page cannot be read, and with that its consumer ends.
await queue.put("broken/0");
const error = (await indexing.exception()) as Error;
console.log("the consumer failed:", error.message);
try {
  await produce("news", 100);
} catch (abandoned) {
  if (!(abandoned instanceof QueueAbandonedError)) throw abandoned;
  console.log("the producer is told:", abandoned.message);
  console.log("because of the same error:", abandoned.cause === error);
}

// Another consumer takes over; this one keeps what it cannot process.
const failures: string[] = [];
const other = queue.consume((page) => pool.index(page).catch(() => failures.push(page)));
await queue.put("broken/1");
queue.close();
console.log("processed:", await other, "failed:", failures.join());

// By hand: nothing comes within the time; and an item that is leased is processed when the lease ends.
const mail = new Queue<string>();
const nothing: unknown = await mail.take({ timeout: 10 }).catch((reason: unknown) => reason);
console.log("nothing there:", nothing instanceof TimeoutError);
await mail.put("letter");
{
  using lease = await mail.lease();
  console.log("reading", lease.value, "- unfinished:", mail.unfinished);
}
await mail.join();
console.log("unfinished:", mail.unfinished);

// Output:
// indexed: 80 left: 0
// the consumer failed: Cannot read broken/0
// the producer is told: Cannot put into the queue as its last consumer failed and 4 items are not processed
// because of the same error: true
// processed: 5 failed: broken/1
// nothing there: true
// reading letter - unfinished: 1
// unfinished: 0
