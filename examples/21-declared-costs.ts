// A declared cost is taken before a call is given to a worker: calls that wait for a limit keep no worker busy, those that
// need none pass by, the class knows nothing of limits, and keys share them in turn.
import { LimitSet, RateLimit, ResourceLimit } from "manyhands";
import { ModelWorker } from "./21-declared-costs.worker.js";

const tokens = new RateLimit({ key: "tokens", capacity: 100, window: 3_600_000 });
await using pool = ModelWorker.options({ mode: "thread", maxWorkers: 2, limits: [tokens] }).init();
await pool.ready();

const first = await pool.generate("x".repeat(40));
console.log(`took ${2 * 40}, used ${first.tokens}; in use: ${pool.stats().limits[0]!.limits[0]!.inUse}`);

const controller = new AbortController();
const { signal } = controller;
const waiting = Array.from({ length: 1000 }, () => pool.with({ signal }).generate("x".repeat(50)));
console.log("ping while a thousand wait:", await pool.ping());
const { workers, limits } = pool.stats();
console.log(`idle workers: ${workers.idle}, requests that wait: ${limits[0]!.waiting}`);

controller.abort(new Error("Not today"));
const errors = await Promise.all(waiting.map((future) => future.exception()));
console.log("aborted, at no cost:", new Set(errors.map(String)), pool.stats().limits[0]!.limits[0]!.inUse);

// All that there is, held until six requests are in the queue.
const shared = new LimitSet([new ResourceLimit({ key: "tokens", capacity: 10 })]);
const all = await shared.acquire({ tokens: 10 });
await using fair = ModelWorker.options({ mode: "async", limits: shared }).init();
await fair.ready();
const users = ["anna", "anna", "anna", "anna", "bert", "bert"];
const served: string[] = [];
const calls = users.map(async (key) => {
  await fair.with({ key }).generate("hello");
  served.push(key);
});
all.release();
await Promise.all(calls);
console.log("in turn:", served.join(", "));

// Output:
// took 80, used 40; in use: 40
// ping while a thousand wait: pong
// idle workers: 2, requests that wait: 1000
// aborted, at no cost: Set(1) { 'Error: Not today' } 40
// in turn: anna, bert, anna, bert, anna, anna
