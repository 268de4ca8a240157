// What a call took of limits is given back after each attempt and taken again for the next, so calls that wait for their
// next attempt keep nothing from the others. A budget bounds the retries of all calls together.
import { ResourceLimit } from "manyhands";
import { DatabaseWorker } from "./23-retries-with-limits.worker.js";

const connections = (): ResourceLimit => new ResourceLimit({ key: "connections", capacity: 2 });
const retry = { retries: 3, backoff: "linear", wait: 2 } as const;

await using pool = DatabaseWorker.options({ mode: "thread", maxWorkers: 4, retry, limits: [connections()] }).init();
const queries = Array.from({ length: 20 }, (_, id) => [pool.query(`query ${id}`), pool.declared(`declared ${id}`)]);
const done = await Promise.all(queries.flat());
const { calls, limits } = pool.stats();
console.log(`${done.length} done, ${calls.retried} retried, in use afterwards: ${limits[0]!.limits[0]!.inUse}`);

await using onDemand = DatabaseWorker.options({ mode: "thread", onDemand: true, maxWorkers: 2, retry }).init();
console.log(await onDemand.query("on demand"));

const budget = { ratio: 0.1, min: 0 };
await using careful = DatabaseWorker.options({ mode: "async", retry: { retries: 3, wait: 1, budget } }).init();
const outcomes = await Promise.all(Array.from({ length: 100 }, () => careful.query("down").exception()));
console.log(`${outcomes.filter(Boolean).length} failed after ${careful.stats().calls.retried} retries in all`);

// Output:
// 40 done, 120 retried, in use afterwards: 0
// on demand: done
// 100 failed after 10 retries in all
