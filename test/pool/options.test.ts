import { availableParallelism } from "node:os";
import { inspect } from "node:util";
import type { CallOptions, PoolOptions } from "manyhands";
import { describe, expect, it } from "vitest";
import { MODES } from "../../dist/config/mode.js";
import { atLeast, checkCallOptions, resolveOptions } from "../../dist/pool/options.js";

/** Options as code without types may give them. */
function resolveLoose(options: Record<string, unknown>): unknown {
  return resolveOptions(options as PoolOptions);
}

function checkLoose(options: Record<string, unknown>): unknown {
  return checkCallOptions(options as CallOptions);
}

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

/** Every refusal is a built-in, and its message names the option, what it must be, and its value. */
function expectRefusal(action: () => unknown, option: string, remedy: RegExp, value: string): void {
  const error = thrownBy(action);
  expect([TypeError, RangeError]).toContain((error as Error).constructor);
  const { message } = error as Error;
  expect(message).toMatch(new RegExp(`^Cannot set '${option.replace(".", "\\.")}' as `));
  expect(message).toMatch(remedy);
  expect(message).toContain(`current value is ${value}`);
  expect(message).not.toMatch(/\.$/);
}

describe("resolveOptions", () => {
  const cores = availableParallelism();

  it.each([
    ["sync", { min: 1, max: 1, concurrency: 1, maxQueuedTasks: 0 }],
    ["async", { min: 1, max: 1, concurrency: Number.POSITIVE_INFINITY, maxQueuedTasks: 0 }],
    ["thread", { min: cores, max: cores, concurrency: 1, maxQueuedTasks: 1000, queuedWork: 5 }],
    ["process", { min: cores, max: cores, concurrency: 1, maxQueuedTasks: 1000, queuedWork: 5 }],
  ] as const)("fills in the defaults of mode %s", (mode, expected) => {
    expect(resolveOptions({ mode })).toEqual({
      mode,
      ...expected,
      isElastic: false,
      idleTimeout: 0,
      loadBalancing: "round-robin",
      capacity: Number.POSITIVE_INFINITY,
      overflow: "wait",
      onDemand: false,
      timeout: undefined,
      grace: 1000,
      abortStrategy: "cooperate",
      ageing: 1000,
      healthCheck: undefined,
      recycle: { afterCalls: Number.POSITIVE_INFINITY, afterMemory: Number.POSITIVE_INFINITY },
      unwrapFutures: true,
      blocking: false,
      startTimeout: 60_000,
      handleSignals: false,
      delivery: "at-most-once",
      queuedWork: mode === "sync" || mode === "async" ? Number.POSITIVE_INFINITY : 5,
      host: { execArgv: undefined, env: undefined, resourceLimits: undefined },
      actor: undefined,
    });
  });

  it("hands ahead in mode distributed as much as takes 20 ms, unless told how many", () => {
    expect(resolveOptions({ mode: "distributed" })).toMatchObject({ maxQueuedTasks: 100, queuedWork: 20 });
    expect(resolveOptions({ mode: "distributed", maxQueuedTasks: 3 })).toMatchObject({
      maxQueuedTasks: 3,
      queuedWork: Number.POSITIVE_INFINITY,
    });
  });

  it("runs in threads when no mode is given", () => {
    expect(resolveOptions({})).toEqual(resolveOptions({ mode: "thread" }));
  });

  it("takes an option that is undefined for one that is not given", () => {
    const silent = Object.fromEntries(Object.keys(GIVEN).map((name) => [name, undefined]));
    expect(resolveLoose(silent)).toEqual(resolveOptions({}));
  });

  it("keeps what is given", () => {
    expect(resolveOptions(GIVEN)).toEqual({
      ...GIVEN,
      maxWorkers: undefined,
      execArgv: undefined,
      env: undefined,
      resourceLimits: undefined,
      min: 2,
      max: 5,
      isElastic: true,
      idleTimeout: 50,
      delivery: "at-most-once",
      queuedWork: Number.POSITIVE_INFINITY,
      host: { execArgv: ["--no-warnings"], env: { A: "1" }, resourceLimits: { stackSizeMb: 2 } },
      actor: undefined,
    });
  });

  it("takes a fixed number of workers", () => {
    expect(resolveOptions({ maxWorkers: 3 })).toMatchObject({ min: 3, max: 3, isElastic: false });
  });

  it("keeps no worker of an elastic pool, and gives one 10 s to idle, unless told", () => {
    expect(resolveOptions({ maxWorkers: { max: 4 } })).toMatchObject({
      min: 0,
      max: 4,
      isElastic: true,
      idleTimeout: 10_000,
    });
  });

  it("starts no worker of an on-demand pool ahead, and gives each one call", () => {
    expect(resolveOptions({ onDemand: true, maxWorkers: 4, concurrency: 8, maxQueuedTasks: 9 })).toMatchObject({
      min: 0,
      max: 4,
      concurrency: 1,
      maxQueuedTasks: 0,
      loadBalancing: "random",
    });
    expect(resolveOptions({ onDemand: true, loadBalancing: "least-total" }).loadBalancing).toBe("least-total");
  });

  it("takes 0 workers, on demand, for all cores but one", () => {
    expect(resolveOptions({ onDemand: true, maxWorkers: 0 }).max).toBe(Math.max(1, cores - 1));
  });

  it.each(MODES)("hands nothing ahead from a shared queue in mode %s", (mode) => {
    expect(resolveOptions({ mode, loadBalancing: "shared-queue" }).maxQueuedTasks).toBe(0);
    expect(resolveOptions({ mode, loadBalancing: "shared-queue", maxQueuedTasks: 50 }).maxQueuedTasks).toBe(0);
  });

  it("takes a function for load balancing", () => {
    const loadBalancing = (): number => 0;
    expect(resolveOptions({ loadBalancing }).loadBalancing).toBe(loadBalancing);
  });

  it("waits for a health check 10 s, or as long as a longer interval, unless told", () => {
    const { healthCheck } = resolveOptions({ healthCheck: { interval: 500, method: "isWell" } });
    expect(healthCheck).toEqual({ interval: 500, timeout: 10_000, method: "isWell" });
    expect(resolveOptions({ healthCheck: { interval: 20_000 } }).healthCheck?.timeout).toBe(20_000);
    expect(resolveOptions({ healthCheck: { interval: 500, timeout: 20 } }).healthCheck?.timeout).toBe(20);
  });

  it.each([
    ["maxWorkers", Number.POSITIVE_INFINITY, /must be finite/],
    ["maxWorkers", 0, /must be a positive integer/],
    ["maxWorkers", -1, /must be a positive integer/],
    ["maxWorkers", 1.5, /must be a positive integer/],
    ["maxWorkers", Number.NaN, /must be a positive integer/],
    ["maxWorkers", "4", /must be a positive integer/],
    ["concurrency", 0, /must be a positive integer/],
    ["concurrency", 2.5, /must be a positive integer/],
    ["concurrency", "8", /must be a positive integer/],
    ["maxQueuedTasks", -1, /must be an integer of at least 0/],
    ["maxQueuedTasks", 0.5, /must be an integer of at least 0/],
    ["capacity", 0, /must be a positive integer/],
    ["capacity", 2 ** 60, /must be a positive integer/],
    ["timeout", -1, /must be a number of ms from 0 to 2147483647/],
    ["timeout", 2 ** 31, /must be a number of ms from 0 to 2147483647/],
    ["timeout", Number.POSITIVE_INFINITY, /must be a number of ms from 0 to 2147483647/],
    ["timeout", Number.NaN, /must be a number of ms/],
    ["timeout", "1 s", /must be a number of ms/],
    ["grace", -5, /must be a number of ms/],
    ["startTimeout", -0.1, /must be a number of ms/],
    ["ageing", 0, /must be above 0/],
    ["ageing", -3, /must be above 0/],
    ["ageing", Number.NaN, /must be above 0/],
  ])("refuses %s: %s", (option, value, remedy) => {
    expectRefusal(() => resolveLoose({ [option]: value }), option, remedy, inspect(value));
  });

  // A string would make `Date.now() + timeout` a string, and `true` is no duration.
  it.each([
    ["timeout", "100"],
    ["timeout", true],
    ["timeout", [100]],
    ["grace", "100"],
    ["startTimeout", "100"],
    ["ageing", "1000"],
    ["ageing", true],
  ])("refuses %s: %j, which is no number", (option, value) => {
    expectRefusal(() => resolveLoose({ [option]: value }), option, /must be /, inspect(value));
  });

  it.each([
    [{ maxWorkers: { max: 0 } }, "maxWorkers.max", /must be a positive integer/, "0"],
    [{ maxWorkers: {} }, "maxWorkers.max", /must be a positive integer/, "undefined"],
    [{ maxWorkers: { max: Number.POSITIVE_INFINITY } }, "maxWorkers.max", /must be finite/, "Infinity"],
    [{ maxWorkers: { min: -1, max: 4 } }, "maxWorkers.min", /must be an integer of at least 0/, "-1"],
    [{ maxWorkers: { min: 5, max: 4 } }, "maxWorkers", /min is above its max/, "5 > 4"],
    [{ maxWorkers: { max: 4, idleTimeout: -1 } }, "idleTimeout", /must be a number of ms/, "-1"],
    [{ onDemand: true, maxWorkers: -1 }, "maxWorkers", /must be an integer of at least 0/, "-1"],
    [{ mode: "sync", maxWorkers: 2 }, "maxWorkers", /mode 'sync' has one worker/, "2"],
    [{ mode: "sync", maxWorkers: { max: 2 } }, "maxWorkers", /mode 'sync' has one worker/, "2"],
    [{ healthCheck: {} }, "healthCheck.interval", /must be a number of ms/, "undefined"],
    [{ healthCheck: { interval: 5, timeout: -1 } }, "healthCheck.timeout", /must be a number of ms/, "-1"],
    [{ recycle: { afterCalls: 0 } }, "recycle.afterCalls", /must be a positive integer/, "0"],
    [{ recycle: { afterMemory: 0 } }, "recycle.afterMemory", /must be above 0/, "0"],
  ])("refuses %j", (options, option, remedy, value) => {
    expectRefusal(() => resolveLoose(options), option, remedy, value);
  });

  it.each([
    ["mode", "treads", /must be one of 'sync', 'async', 'thread', 'process', 'distributed'/, "'thread'"],
    ["loadBalancing", "round_robin", /must be one of 'round-robin', 'least-active', /, "'round-robin'"],
    ["overflow", "dropOldest", /must be one of 'wait', 'reject', 'drop-oldest'/, "'drop-oldest'"],
    ["abortStrategy", "terminated", /must be one of 'cooperate', 'terminate', 'ignore'/, "'terminate'"],
  ])("refuses %s: %j with the names there are, and the nearest", (option, value, remedy, nearest) => {
    const action = (): unknown => resolveLoose({ [option]: value });
    expectRefusal(action, option, remedy, `'${value}'`);
    expect(thrownBy(action)).toBeInstanceOf(TypeError);
    expect((thrownBy(action) as Error).message).toMatch(new RegExp(`did you mean ${nearest}\\?$`));
  });

  it.each(["mode", "loadBalancing", "overflow", "abortStrategy"])("suggests no %s for one far from all", (option) => {
    const { message } = thrownBy(() => resolveLoose({ [option]: "elephantine" })) as Error;
    expect(message).toContain("current value is 'elephantine'");
    expect(message).not.toContain("did you mean");
  });

  it.each([
    ["concurency", "concurrency"],
    ["maxworkers", "maxWorkers"],
    ["timeOut", "timeout"],
    ["onDemend", "onDemand"],
  ])("refuses the unknown option %s and suggests %s", (given, meant) => {
    expect(() => resolveLoose({ [given]: 1 })).toThrow(
      new TypeError(`Cannot set '${given}' as there is no such option: did you mean '${meant}'?`),
    );
  });

  it("refuses an unknown option that resembles none", () => {
    expect(() => resolveLoose({ elephantine: undefined })).toThrow(
      new TypeError("Cannot set 'elephantine' as there is no such option"),
    );
  });
});

/** Each option once, none with its default. */
const GIVEN: PoolOptions = {
  mode: "process",
  maxWorkers: { min: 2, max: 5, idleTimeout: 50 },
  concurrency: 3,
  loadBalancing: "least-active",
  maxQueuedTasks: 7,
  capacity: 11,
  overflow: "reject",
  onDemand: false,
  timeout: 0,
  grace: 0,
  abortStrategy: "ignore",
  ageing: 0.5,
  healthCheck: { interval: 13, timeout: 17 },
  recycle: { afterCalls: 19, afterMemory: 23 },
  unwrapFutures: false,
  blocking: true,
  startTimeout: 29,
  handleSignals: true,
  execArgv: ["--no-warnings"],
  env: { A: "1" },
  resourceLimits: { stackSizeMb: 2 },
};

describe("checkCallOptions", () => {
  it("returns what it was given", () => {
    const options: CallOptions = {
      priority: -2.5,
      timeout: 0,
      signal: new AbortController().signal,
      transfer: [],
      key: "a",
      readAhead: 1,
    };
    expect(checkCallOptions(options)).toBe(options);
    expect(checkCallOptions({ priority: undefined, timeout: undefined, signal: undefined })).toBeTypeOf("object");
  });

  it.each([
    ["priority", Number.NaN, /must be a finite number/],
    ["priority", Number.POSITIVE_INFINITY, /must be a finite number/],
    ["priority", "high", /must be a finite number/],
    ["timeout", -1, /must be a number of ms from 0 to 2147483647/],
    ["timeout", Number.POSITIVE_INFINITY, /must be a number of ms/],
    ["timeout", "100", /must be a number of ms/],
    ["timeout", null, /must be a number of ms/],
    ["readAhead", 0, /must be a positive integer/],
    ["readAhead", 1.5, /must be a positive integer/],
    ["signal", "abort", /must be an AbortSignal/],
    ["signal", {}, /must be an AbortSignal/],
  ])("refuses %s: %s", (option, value, remedy) => {
    expectRefusal(() => checkLoose({ [option]: value }), option, remedy, inspect(value));
  });

  it("refuses an unknown option and suggests the nearest", () => {
    expect(() => checkLoose({ prioity: 1 })).toThrow(
      new TypeError("Cannot set 'prioity' as there is no such call option: did you mean 'priority'?"),
    );
  });

  it("refuses options that are the pool's", () => {
    expect(() => checkLoose({ concurrency: 1 })).toThrow(/^Cannot set 'concurrency' as there is no such call option/);
  });
});

describe("atLeast", () => {
  it("passes whole numbers from the least on, and infinity for no limit", () => {
    expect([atLeast("x", 1, 1), atLeast("x", 0, 0), atLeast("x", Number.POSITIVE_INFINITY, 5)]).toEqual([
      1,
      0,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it("names the option, the bound and the value it refuses", () => {
    expect(() => atLeast("x", 4, 5)).toThrow(
      new RangeError("Cannot set 'x' as it must be an integer of at least 5: current value is 4"),
    );
  });
});
