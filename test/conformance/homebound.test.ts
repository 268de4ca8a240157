import {
  CallLimit,
  LimitSet,
  map,
  type Mode,
  Mutex,
  pipeline,
  Queue,
  ResourceLimit,
  Semaphore,
  SerializationError,
  TaskGroup,
} from "manyhands";
import { describe, expect, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { collect } from "./collect.js";
import { MODES, REMOTE_MODES } from "./modes.js";
import { sharedPool } from "./shared-pool.js";

const LIMIT = "give it to the pool by options({ limits }), and use call().limits in the method";
const LOCK = "it belongs to its thread, and what all workers keep to is a ResourceLimit among the limits of the pool";
const SIGNAL = "make the call by with({ signal }), and use call().signal in the method";
const OTHER = "it belongs to its thread";

class OwnSemaphore extends Semaphore {}

class Job {
  readonly name = "job";
  readonly queue = new Queue();
}

/** Each with the path to it, its class, and what to do instead. */
const HOMEBOUND: readonly (readonly [value: unknown, path: string, type: string, remedy: string])[] = [
  [new AbortController().signal, "args[0]", "AbortSignal", SIGNAL],
  [AbortSignal.timeout(1), "args[0]", "AbortSignal", SIGNAL],
  [new AbortController(), "args[0]", "AbortController", SIGNAL],
  [{ signal: new AbortController().signal }, "args[0].signal", "AbortSignal", SIGNAL],
  [new Semaphore(1), "args[0]", "Semaphore", LOCK],
  [new OwnSemaphore(1), "args[0]", "OwnSemaphore", LOCK],
  [[1, new Map([["lock", new Set([new Mutex()])]])], 'args[0][1].get("lock").values()[0]', "Mutex", LOCK],
  [new Job(), "args[0].queue", "Queue", OTHER],
  [new TaskGroup(), "args[0]", "TaskGroup", OTHER],
  [new CallLimit({ capacity: 1, window: 1000 }), "args[0]", "CallLimit", LIMIT],
  [[new ResourceLimit({ key: "files", capacity: 1 })], "args[0][0]", "ResourceLimit", LIMIT],
  [new LimitSet([]), "args[0]", "LimitSet", LIMIT],
  [pipeline([1]).stage((n) => n), "args[0]", "Pipeline", OTHER],
  // Our encoding does not carry the error beside it.
  [[new Error("x"), { lock: new Mutex() }], "args[0][1].lock", "Mutex", LOCK],
];

const WIRES = REMOTE_MODES.flatMap((mode): { mode: Mode; transport?: "port" }[] =>
  mode === "distributed" ? [{ mode }] : [{ mode }, { mode, transport: "port" }],
);

describe.each(WIRES)("what belongs to its thread, sent by %o", (wire) => {
  const options = { ...wire, maxWorkers: 1 };
  const shared = sharedPool(() => CounterWorker.options(options).init());

  it("is refused as an argument, by its path and with what to do instead", async () => {
    for (const [value, path, type, remedy] of HOMEBOUND) {
      const error = await shared().echo(value).exception();
      expect(error).toBeInstanceOf(SerializationError);
      expect(error).toMatchObject({
        path,
        message: `Cannot call 'echo' as ${path} is of type ${type}, which cannot be sent to or from a worker: ${remedy}`,
      });
    }
    expect(await shared().echo({ still: "here" })).toEqual({ still: "here" });
  });

  it("is refused as a mapping, which is not awaited", async () => {
    const error = await shared()
      .echo({ results: map([1], (n) => n) })
      .exception();
    expect(error).toMatchObject({ path: "args[0].results" });
  });

  it("is refused as a result and as an item", async () => {
    const message = `which cannot be sent to or from a worker: ${OTHER}`;
    await expect(shared().homebound()).rejects.toMatchObject({
      name: "SerializationError",
      message: `Cannot return the result of 'homebound' as result.parts[1] is of type Queue, ${message}`,
    });
    await expect(collect(shared().signals())).rejects.toThrow(
      "Cannot yield an item of 'signals' as item is of type AbortSignal",
    );
  });

  it("is refused among constructor arguments", () => {
    const init = CounterWorker.options(options).init as (...args: unknown[]) => unknown;
    expect(() => init(1, "a", { step: new Semaphore(1) })).toThrow(
      `Cannot construct 'Counter' as args[2].step is of type Semaphore, which cannot be sent to or from a worker: ${LOCK}`,
    );
  });
});

describe.each(MODES.filter((mode) => !REMOTE_MODES.includes(mode)))(
  "what belongs to its thread, in mode %s",
  (mode) => {
    it("is passed as it is", async () => {
      await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
      for (const [value] of HOMEBOUND) expect(await pool.echo(value)).toBe(value);
    });
  },
);

describe("what belongs to its thread, in a pool that blocks", () => {
  it("is refused on every way to a worker", () => {
    const pool = CounterWorker.options({ mode: "thread", maxWorkers: 1, blocking: true }).init();
    for (const calls of [pool, pool.with({ timeout: 10_000 })]) {
      for (let call = 0; call < 3; call += 1) expect(() => calls.echo([new Mutex()])).toThrow(LOCK);
    }
    expect(() => pool.homebound()).toThrow(
      "Cannot return the result of 'homebound' as result.parts[1] is of type Queue",
    );
    pool.stop();
  });
});
