/** What nobody should pass, to everything that is public: it is refused in one sentence, or taken for nothing. */
import { afterAll, describe, expect, it } from "vitest";
import * as manyhands from "manyhands";
import {
  AdaptiveLimit,
  asCompleted,
  CallLimit,
  configure,
  gather,
  LimitPool,
  LimitSet,
  map,
  Mutex,
  perWorker,
  pipeline,
  ProgressBar,
  Queue,
  RateLimit,
  ResourceLimit,
  ResourcePool,
  Semaphore,
  supervise,
  task,
  TaskGroup,
  taskGroup,
  TaskPool,
  transfer,
  wait,
  withConfig,
  worker,
} from "manyhands";
import { runBatch } from "manyhands/batch";
import { Counter, CounterWorker } from "#fixtures/counter.js";

const BAD: readonly unknown[] = [
  undefined,
  null,
  "text",
  "",
  0,
  -1.5,
  Number.NaN,
  true,
  Symbol("s"),
  5n,
  [],
  [null],
  {},
];

/** Every key of an object of options, with a value that may be anything. */
const POOL_OPTIONS = [
  "mode",
  "maxWorkers",
  "concurrency",
  "loadBalancing",
  "maxQueuedTasks",
  "capacity",
  "overflow",
  "onDemand",
  "timeout",
  "grace",
  "abortStrategy",
  "ageing",
  "healthCheck",
  "recycle",
  "unwrapFutures",
  "startTimeout",
  "handleSignals",
  "limits",
  "retry",
  "methods",
  "execArgv",
  "env",
  "resourceLimits",
  "blocking",
];
const RETRY_OPTIONS = [
  "retries",
  "on",
  "until",
  "backoff",
  "wait",
  "factor",
  "maxWait",
  "jitter",
  "budget",
  "honorRetryAfter",
];

const pool = CounterWorker.options({ mode: "async" }).init(5);
const blocking = CounterWorker.options({ mode: "sync", blocking: true }).init(5);
const tasks = new TaskPool({ mode: "async" });
const twice = task(import.meta, (n: number) => n * 2, { name: "twice", mode: "async" });
const plus = (a: number): number => a + 1;

afterAll(async () => {
  blocking.stop();
  await Promise.all([pool.stop(), tasks.stop(), twice.stop()]);
});

type Call = (bad: never) => unknown;

/** Functions that take the bad value, by what they are called. */
const CALLS: Record<string, Call> = {
  worker: (bad) => worker(bad, Counter, {}),
  "worker: class": (bad) => worker(import.meta, bad),
  "worker: definition": (bad) => worker(import.meta, Counter, bad),
  "worker: errors": (bad) => worker(import.meta, Counter, { errors: bad }),
  "worker: methods": (bad) => worker(import.meta, Counter, { methods: bad }),
  "worker: methods.increment": (bad) => worker(import.meta, Counter, { methods: { increment: bad } }),
  "worker: methods.increment.cost": (bad) => worker(import.meta, Counter, { methods: { increment: { cost: bad } } }),
  "worker: schema": (bad) => worker(import.meta, Counter, { schema: bad }),
  "worker: schema.methods": (bad) => worker(import.meta, Counter, { schema: { methods: bad } }),
  "worker: schema.methods.increment": (bad) =>
    worker(import.meta, Counter, { schema: { methods: { increment: bad } } }),
  "worker: name": (bad) => worker(import.meta, Counter, { name: bad }),
  "options()": (bad) => CounterWorker.options(bad).init(1),
  "task: meta": (bad) => task(bad, plus, { name: "plus" }),
  "task: function": (bad) => task(import.meta, bad, { name: "none" }),
  "task: options": (bad) => task(import.meta, plus, bad),
  "task.with": (bad) => twice.with(bad),
  "task.options": (bad) => twice.options(bad)(1),
  "task.stop": (bad) => twice.options({}).stop(bad),
  "blocking.with": (bad) => blocking.with(bad),
  "blocking.resize": (bad) => blocking.resize(bad),
  "blocking.stop": (bad) => CounterWorker.options({ mode: "sync", blocking: true }).init(1).stop(bad),
  "pool.with": (bad) => pool.with(bad),
  "pool.with: transfer": (bad) => pool.with({ transfer: bad }),
  "pool.with: signal": (bad) => pool.with({ signal: bad }),
  "pool.with: key": (bad) => pool.with({ key: bad }),
  "pool.with: priority": (bad) => pool.with({ priority: bad }),
  "pool.with: readAhead": (bad) => pool.with({ readAhead: bad }),
  "pool.resize": (bad) => pool.resize(bad),
  "pool.stop": (bad) => CounterWorker.options({ mode: "async" }).init(1).stop(bad),
  "pool.on": (bad) => pool.on(bad, () => {}),
  "pool.on: listener": (bad) => pool.on("stop", bad),
  "future.cancel": (bad) => pool.increment(1).cancel(bad),
  "future.result": (bad) => pool.increment(1).result(bad),
  "future.onProgress": (bad) => pool.increment(1).onProgress(bad),
  "future.onSettled": (bad) => pool.increment(1).onSettled(bad),
  "stream.cancel": (bad) => pool.letters("ab").cancel(bad),
  TaskPool: (bad) => new TaskPool(bad).stop(),
  "TaskPool.submit": (bad) => tasks.submit(bad as () => void),
  "TaskPool.with": (bad) => tasks.with(bad),
  "TaskPool.map": (bad) => tasks.map(bad, []),
  "TaskPool.map: items": (bad) => tasks.map(plus, bad),
  "TaskPool.map: options": (bad) => tasks.map(plus, [1], bad),
  "TaskPool.stop": (bad) => new TaskPool({ mode: "async" }).stop(bad),
  transfer: (bad) => transfer(bad),
  "transfer: list": (bad) => transfer(new ArrayBuffer(1), bad),
  configure: (bad) => withConfig({}, () => configure(bad)),
  withConfig: (bad) => withConfig(bad, () => 1),
  "withConfig: function": (bad) => withConfig({}, bad),
  gather: (bad) => gather(bad),
  "gather: options": (bad) => gather([1], bad),
  wait: (bad) => wait(bad),
  "wait: options": (bad) => wait([1], bad),
  asCompleted: (bad) => asCompleted(bad),
  "asCompleted: options": (bad) => asCompleted([1], bad),
  map: (bad) => map([1], bad),
  "map: items": (bad) => map(bad, plus),
  "map: options": (bad) => map([1], plus, bad),
  pipeline: (bad) => pipeline(bad),
  "pipeline.stage": (bad) => pipeline([1]).stage(bad),
  "pipeline.stage: options": (bad) => pipeline([1]).stage(plus, bad),
  "pipeline.run": (bad) => pipeline([1]).stage(plus).run(bad),
  Queue: (bad) => new Queue(bad),
  "queue.put": (bad) => new Queue().put(1, bad),
  "queue.take": (bad) => new Queue({ capacity: 1 }).tryPut(1) && new Queue().take({ ...(bad as object), timeout: 0 }),
  "queue.lease": (bad) => oneItem().lease(bad),
  "queue.consume": (bad) => closed().consume(bad),
  "queue.consume: options": (bad) => closed().consume(() => {}, bad),
  ResourcePool: (bad) => new ResourcePool(bad),
  "resources.acquire": (bad) => resources().acquire(bad),
  "resources.use": (bad) => resources().use(bad),
  "resources.stop": (bad) => resources().stop(bad),
  Semaphore: (bad) => new Semaphore(bad),
  "Semaphore: options": (bad) => new Semaphore(1, bad),
  "semaphore.acquire": (bad) => new Semaphore(1).acquire(bad),
  "semaphore.acquire: options": (bad) => new Semaphore(1).acquire(1, bad),
  "semaphore.tryAcquire": (bad) => new Semaphore(1).tryAcquire(bad),
  "semaphore.run": (bad) => new Semaphore(1).run(bad),
  "semaphore.run: options": (bad) => new Semaphore(1).run(() => 1, bad),
  "semaphore.resize": (bad) => new Semaphore(1).resize(bad),
  Mutex: (bad) => new Mutex(bad),
  "mutex.run": (bad) => new Mutex().run(bad),
  "mutex.run: options": (bad) => new Mutex().run(() => 1, bad),
  "mutex.acquire": (bad) => new Mutex().acquire(bad),
  TaskGroup: (bad) => new TaskGroup(bad),
  taskGroup: (bad) => taskGroup(bad),
  "taskGroup: options": (bad) => taskGroup(() => 1, bad),
  "group.spawn": (bad) => taskGroup((group) => void group.spawn(bad)),
  "group.spawn: options": (bad) => taskGroup((group) => void group.spawn(() => 1, bad)),
  supervise: (bad) => supervise(bad),
  "supervise: options": (bad) => supervise(() => 1, bad),
  ProgressBar: (bad) => new ProgressBar(bad),
  "ProgressBar: options": (bad) => new ProgressBar([], bad),
  "bar.advance": (bad) => bar().advance(bad),
  "bar.advance: outcome": (bad) => bar().advance(1, bad),
  "bar.moveTo": (bad) => bar().moveTo(bad),
  "bar.moveTo: total": (bad) => bar().moveTo(1, bad),
  "bar.describe": (bad) => bar().describe(bad),
  "bar.log": (bad) => bar().log(bad),
  "bar.succeed": (bad) => bar().succeed(bad),
  LimitSet: (bad) => new LimitSet(bad),
  "LimitSet: options": (bad) => new LimitSet([], bad),
  "limits.acquire": (bad) => limits().acquire(bad),
  "limits.acquire: amount": (bad) => limits().acquire({ calls: bad }),
  "limits.acquire: options": (bad) => limits().acquire({}, bad),
  "limits.tryAcquire": (bad) => limits().tryAcquire(bad),
  "limits.pause": (bad) => limits().pause(bad),
  "limits.learn": (bad) => limits().learn(bad),
  "grant.update": async (bad) => (await limits().acquire()).update(bad),
  "grant.update: amount": async (bad) => (await limits().acquire()).update({ calls: bad }),
  "grant.release": async (bad) => (await limits().acquire()).release(bad),
  LimitPool: (bad) => new LimitPool(bad),
  "LimitPool: options": (bad) => new LimitPool([limits()], bad),
  "limitPool.acquire": (bad) => new LimitPool([limits()]).acquire(bad),
  "limitPool.acquire: options": (bad) => new LimitPool([limits()]).acquire({}, bad),
  "limitPool.pause": (bad) => new LimitPool([limits()]).pause(bad),
  perWorker: (bad) => perWorker(bad),
  "perWorker: what it makes": (bad) => perWorker(() => bad).create(),
  CallLimit: (bad) => new CallLimit(bad),
  RateLimit: (bad) => new RateLimit(bad),
  ResourceLimit: (bad) => new ResourceLimit(bad),
  AdaptiveLimit: (bad) => new AdaptiveLimit(bad),
  runBatch: (bad) => runBatch(bad),
};

function oneItem(): Queue<number> {
  const queue = new Queue<number>();
  queue.tryPut(1);
  return queue;
}

function closed(): Queue<number> {
  const queue = new Queue<number>();
  queue.close();
  return queue;
}

function resources(): ResourcePool<object> {
  return new ResourcePool({ create: () => ({}), destroy: () => {}, max: 1 });
}

function bar(): ProgressBar {
  return new ProgressBar({ total: 10, stream: { write: () => true } as never });
}

function limits(): LimitSet {
  return new LimitSet([new CallLimit({ capacity: 5, window: 1000 })]);
}

for (const key of POOL_OPTIONS) {
  CALLS[`pool option ${key}`] = (bad) => {
    const options = { mode: "async", [key]: bad } as never;
    return (CounterWorker.options(options).init(1) as unknown as { stop(): unknown }).stop();
  };
}
for (const key of RETRY_OPTIONS)
  CALLS[`retry option ${key}`] = (bad) =>
    CounterWorker.options({ mode: "async", retry: { retries: 1, [key]: bad } })
      .init(1)
      .stop();
for (const key of ["capacity", "window", "algorithm", "burst", "guard", "key"])
  CALLS[`CallLimit: ${key}`] = (bad) => new CallLimit({ capacity: 5, window: 1000, [key]: bad });
for (const key of ["key", "algorithm", "initial", "min", "max"])
  CALLS[`AdaptiveLimit: ${key}`] = (bad) => new AdaptiveLimit({ [key]: bad });
for (const key of ["config", "clock"]) CALLS[`LimitSet: ${key}`] = (bad) => new LimitSet([], { [key]: bad });

const SENTENCE = /^Cannot [^\n]*[^.\n]$/;
const OF_THE_ENGINE = /^Cannot (?:read prop|destructure|convert|mix|use 'in')|\[object|undefined is not/;

/** What came of it: nothing, or the message. */
async function outcome(call: Call, bad: unknown): Promise<string> {
  try {
    const settled: unknown = call(bad as never);
    await Promise.race([settled, new Promise((resolve) => setImmediate(resolve))]);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("misuse", () => {
  it.each(Object.keys(CALLS))("of %s is refused in a sentence, or does nothing", async (name) => {
    for (const bad of BAD) {
      const message = await outcome(CALLS[name]!, bad);
      if (message !== "") expect(message, `for ${String(bad)}`).toMatch(SENTENCE);
      expect(message, `for ${String(bad)}`).not.toMatch(OF_THE_ENGINE);
    }
  });

  it("is tried with every function and class that there is", () => {
    const isError = (value: unknown): boolean => typeof value === "function" && value.prototype instanceof Error;
    const tried = Object.keys(CALLS).map((name) => name.split(/[.:(]/)[0]!);
    const missing = Object.entries(manyhands)
      .filter(([name, value]) => typeof value === "function" && !isError(value) && !tried.includes(name))
      .map(([name]) => name);
    // Nobody makes these but the library; `call` takes nothing, and `Worker` is extended.
    expect(missing.toSorted()).toEqual(["Future", "Mapping", "Pipeline", "PipelineRun", "Stream", "Worker", "call"]);
  });
});
