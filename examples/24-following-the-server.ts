// Limits learn from what a server says: `Retry-After` pauses them all, what remains is a cap. A retry honours it as well.
// And an `AdaptiveLimit` finds out by itself how much the other side can take.
import { AdaptiveLimit, CallLimit, LimitSet } from "manyhands";
import { ClientWorker, ThrottledError } from "./24-following-the-server.worker.js";

const limits = new LimitSet([new CallLimit({ capacity: 100, window: 1000 })]);
await using pool = ClientWorker.options({
  mode: "process",
  maxWorkers: 1,
  limits,
  retry: { retries: 1, wait: 1, on: ThrottledError },
}).init();

const throttled = pool.get("/first");
const before = Date.now();
const sent = await Promise.all([throttled, pool.get("/second"), pool.get("/third")]);
console.log(
  "all were sent after the pause:",
  sent.every((at) => at - before >= 190),
);
console.log("attempts:", throttled.attempts);

const others = new LimitSet([new CallLimit({ capacity: 100, window: 60_000 })]);
others.learn({ "x-ratelimit-remaining-requests": "3" });
const left = [];
while (left.length < 10) left.push(await others.tryAcquire());
console.log("grants, as the server has three left:", left.filter(Boolean).length);

// A server that can do 20 things at once, and refuses whatever is more.
const adaptive = new LimitSet([new AdaptiveLimit({ initial: 5, max: 200 })]);
let running = 0;
await Promise.all(
  Array.from({ length: 3000 }, async () => {
    const grant = await adaptive.acquire();
    running += 1;
    const isRefused = running > 20;
    await new Promise<void>((resolve) => setImmediate(resolve));
    running -= 1;
    grant.release(isRefused ? "dropped" : "success");
  }),
);
const { capacity } = adaptive.stats().limits[0]!;
console.log("found by itself, about 20:", capacity >= 15 && capacity <= 25);

// Output:
// all were sent after the pause: true
// attempts: 2
// grants, as the server has three left: 3
// found by itself, about 20: true
