// Whose limits? A list is shared by the workers of one pool, `perWorker` gives each its own, a `LimitSet` is shared by all
// pools that get it, and a `LimitPool` spreads calls over several sets: accounts, regions, keys.
import { CallLimit, LimitPool, LimitSet, perWorker } from "manyhands";
import { CallerWorker } from "./20-whose-limits.worker.js";

const ofTen = (): CallLimit => new CallLimit({ capacity: 10, window: 3_600_000 });
/** With room in each worker for its share of 80 calls: what finds none goes to whoever answers first. */
const options = { mode: "thread", maxWorkers: 4, maxQueuedTasks: 20 } as const;

/** Of 80 calls made in turn on all workers, those that got one. */
async function granted(pool: ReturnType<typeof CallerWorker.init>): Promise<string[]> {
  const keys = await Promise.all(Array.from({ length: 80 }, () => pool.tryCall()));
  return keys.filter((key) => key !== undefined);
}

await using shared = CallerWorker.options({ ...options, limits: [ofTen()] }).init();
console.log("a list, four workers:", (await granted(shared)).length);

await using own = CallerWorker.options({ ...options, limits: perWorker(() => [ofTen()]) }).init();
console.log("perWorker, four workers:", (await granted(own)).length);

const limits = new LimitSet([ofTen()]);
await using one = CallerWorker.options({ ...options, limits }).init();
await using two = CallerWorker.options({ mode: "process", maxWorkers: 2, limits }).init();
const both = await Promise.all([granted(one), granted(two)]);
console.log("one set, two pools:", both.flat().length);

const accounts = ["red", "green", "blue"].map((apiKey) => new LimitSet([ofTen()], { config: { apiKey } }));
await using spread = CallerWorker.options({ ...options, limits: new LimitPool(accounts) }).init();
const keys = await granted(spread);
const count = (key: string): number => keys.filter((other) => other === key).length;
console.log("three accounts:", `red ${count("red")}, green ${count("green")}, blue ${count("blue")}`);

// Output:
// a list, four workers: 10
// perWorker, four workers: 40
// one set, two pools: 10
// three accounts: red 10, green 10, blue 10
