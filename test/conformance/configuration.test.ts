import { type Configuration, configure, type Mode, type PoolOptions, TaskPool, withConfig, worker } from "manyhands";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { square } from "#fixtures/tasks.js";
import { MODES, POOL_MODES, REMOTE_MODES, usual } from "./modes.js";
import { runProgram } from "./run-program.js";

class Job {
  run(): number {
    return 1;
  }
}

beforeEach(() => {
  vi.stubEnv("MANYHANDS_MODE", undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  configure({ defaults: undefined, ...Object.fromEntries(MODES.map((mode) => [mode, undefined])) });
});

/** Where an option can be set. */
interface Places {
  /** From the weakest to the strongest. */
  readonly defaults?: PoolOptions;
  readonly section?: PoolOptions;
  readonly scopeDefaults?: PoolOptions;
  readonly scopeSection?: PoolOptions;
  readonly definition?: PoolOptions;
  readonly options?: PoolOptions;
}

/** What a pool is like that is made with these options; no worker is started. */
async function made(mode: Mode, places: Places): Promise<{ mode: Mode; balancing: string; size: number }> {
  const { defaults = {}, section, scopeDefaults = {}, scopeSection, definition = {}, options = {} } = places;
  const { mode: _, ...inSection } = section ?? {};
  const { mode: __, ...inScopeSection } = scopeSection ?? {};
  configure({ defaults, [mode]: inSection } as Configuration);
  const scope = { defaults: scopeDefaults, [mode]: inScopeSection } as Configuration;
  const { blocking: ___, ...own } = definition;
  const pool = withConfig(scope, () =>
    worker(import.meta, Job, own as object)
      .options(options as object)
      .init(),
  );
  const { mode: actual, loadBalancer, workers } = pool.stats();
  await pool.stop();
  return { mode: actual, balancing: loadBalancer.algorithm, size: workers.total };
}

const BALANCING = [
  ["defaults", "random"],
  ["section", "least-total"],
  ["scopeDefaults", "least-active"],
  ["scopeSection", "shared-queue"],
  ["definition", "key"],
  ["options", "round-robin"],
] as const;

describe.each(MODES)("the precedence of options in mode %s", (mode) => {
  const pairs = BALANCING.flatMap(([weaker, loser], index) =>
    BALANCING.slice(index + 1).map(([stronger, winner]) => [stronger, weaker, winner, loser] as const),
  );

  it.each(pairs)("puts %s before %s", async (stronger, weaker, winner, loser) => {
    const places = { [stronger]: { loadBalancing: winner }, [weaker]: { loadBalancing: loser } };
    const options = { ...places.options, mode };
    expect(await made(mode, { ...places, options })).toMatchObject({ mode, balancing: winner });
  });

  it.each(BALANCING.slice(0, 5))("puts %s before what is built in", async (place, loadBalancing) => {
    const { balancing } = await made(mode, { [place]: { loadBalancing }, options: { mode } });
    expect(balancing).toBe(loadBalancing);
  });

  it("takes nothing from the sections of other modes", async () => {
    const other = mode === "thread" ? "process" : "thread";
    configure({ [other]: { loadBalancing: "random" } });
    await using pool = CounterWorker.options(usual(mode)).init();
    expect(pool.stats().loadBalancer.algorithm).toBe("round-robin");
  });
});

describe("the precedence of modes", () => {
  const places = [
    ["defaults", "process"],
    ["scopeDefaults", "async"],
    ["definition", "process"],
    ["options", "async"],
  ] as const;
  const pairs = places.flatMap(([weaker], index) =>
    places.slice(index + 1).map(([stronger]) => [stronger, weaker] as const),
  );

  it.each(pairs)("puts %s before %s", async (stronger, weaker) => {
    const given = { [stronger]: { mode: "async" }, [weaker]: { mode: "process" } } as const;
    expect((await made("thread", given)).mode).toBe("async");
  });

  it.each(places)("puts MANYHANDS_MODE before %s, and that before what is built in", async (place, mode) => {
    expect((await made("thread", {})).mode).toBe("thread");
    expect((await made("thread", { [place]: { mode } })).mode).toBe(mode);
    vi.stubEnv("MANYHANDS_MODE", "sync");
    expect((await made("thread", { [place]: { mode } })).mode).toBe("sync");
  });

  it("takes the section of the mode that is forced", async () => {
    vi.stubEnv("MANYHANDS_MODE", "async");
    configure({ thread: { loadBalancing: "random" }, async: { loadBalancing: "least-total" } });
    await using pool = CounterWorker.options({ mode: "thread" }).init();
    expect(pool.stats()).toMatchObject({ mode: "async", loadBalancer: { algorithm: "least-total" } });
  });
});

describe("mode sync, which has one worker", () => {
  const many = { maxWorkers: 3 };

  it.each<[string, Places]>([
    ["configured, the size in the definition", { defaults: { mode: "sync" }, definition: many }],
    ["configured, the size in the options", { scopeDefaults: { mode: "sync" }, options: many }],
    ["and the size configured", { defaults: { ...many, mode: "sync" } }],
    ["in the options, the size in the definition", { definition: many, options: { mode: "sync" } }],
    ["in the options, the size configured", { defaults: many, options: { mode: "sync" } }],
  ])("does not mind a size that is meant for other modes: %s", async (_, places) => {
    expect(await made("thread", places)).toMatchObject({ mode: "sync", size: 1 });
  });

  it("refuses one that is meant for it", async () => {
    await expect(made("thread", { options: { mode: "sync", ...many } })).rejects.toThrow(/mode 'sync' has one worker/);
    await expect(made("thread", { definition: { mode: "sync" }, options: many })).rejects.toThrow(RangeError);
    expect(() => configure({ sync: many })).toThrow(/mode 'sync' has one worker/);
  });
});

describe.each(MODES)("withConfig in mode %s", (mode) => {
  it("holds through awaits, and keeps apart what runs at the same time", async () => {
    const run = async (size: number): Promise<unknown> =>
      withConfig({ defaults: { mode, capacity: size } }, async () => {
        await Promise.resolve();
        await using pool = CounterWorker.options({ overflow: "reject" }).init(size);
        const first = await pool.increment(1);
        await new Promise((resolve) => setImmediate(resolve));
        await using later = CounterWorker.init(size);
        return [first, pool.stats().mode, later.stats().mode];
      });
    expect(await Promise.all([run(1), run(2)])).toEqual([
      [2, mode, mode],
      [3, mode, mode],
    ]);
    await using outside = CounterWorker.options({ mode: "async" }).init();
    expect(outside.stats().mode).toBe("async");
  });

  it("reaches tasks and TaskPool, when their pools are made", async () => {
    await using own = square.options({ maxWorkers: 1 });
    const used = await withConfig({ defaults: { mode } }, async () => {
      await using pool = new TaskPool({ maxWorkers: 1 });
      return [await own(3), await pool.submit(square, 4), own.stats()!.mode, pool.stats().mode];
    });
    expect(used).toEqual([9, 16, mode, mode]);
  });

  it("gives retries to pools that do not set them", async () => {
    const retry = { retries: 1, wait: 0 };
    await withConfig({ [mode]: { retry } }, async () => {
      await using pool = CounterWorker.options(usual(mode)).init();
      await expect(pool.fail("type")).rejects.toBeInstanceOf(TypeError);
      expect(pool.stats().calls.retried).toBe(1);
    });
  });
});

describe("a configuration", () => {
  it.each<[object, RegExp]>([
    [{ threads: {} }, /'threads'.*did you mean 'thread'\?$/],
    [{ default: {} }, /'default'.*did you mean 'defaults'\?$/],
    [{ maxWorkers: 3 }, /options go inside a section$/],
    [{ thread: { maxWorker: 3 } }, /'maxWorker' as there is no such option: did you mean 'maxWorkers'\?$/],
    [{ thread: { maxWorkers: 0 } }, /'maxWorkers' as it must be a positive integer: current value is 0$/],
    [{ defaults: { mode: "sync", maxWorkers: -1 } }, /'maxWorkers' as it must be a positive integer/],
    [{ defaults: { mode: "proces" } }, /did you mean 'process'\?$/],
    [{ thread: { mode: "thread" } }, /'mode' in 'thread'.*set it in 'defaults'$/],
    [{ defaults: { retry: { retries: 1, jiter: 1 } } }, /'retry\.jiter'.*did you mean 'jitter'\?$/],
    [{ defaults: { retry: { retries: -1 } } }, /'retry\.retries'/],
    [{ defaults: { limits: 3 } }, /'limits'.*current value is 3$/],
    [{ defaults: { methods: { run: {} } } }, /'methods' in 'defaults' as methods are those of one class: set it in/],
    [{ process: { blocking: true } }, /'blocking' in 'process' as the type of a pool depends on it: set it in/],
    [{ thread: 3 }, /'thread' as it must be an object of options: current value is 3$/],
  ])("is refused at once, and then not even run: %j", async (configuration, message) => {
    const loose = configuration as Configuration;
    expect(() => configure(loose)).toThrow(message);
    const run = vi.fn<() => void>();
    expect(() => withConfig(loose, run)).toThrow(message);
    expect(run).not.toHaveBeenCalled();
    // And nothing of it is kept.
    await using pool = CounterWorker.init();
    expect(pool.stats().mode).toBe("thread");
  });
});

describe("unknown options", () => {
  it.each<[object, RegExp]>([
    [{ maxWorker: 3 }, /'maxWorker' as there is no such option: did you mean 'maxWorkers'\?$/],
    [{ loadBalancing: "round-robbin" }, /did you mean 'round-robin'\?$/],
    [{ maxWorkers: { min: 1, maks: 3 } }, /'maxWorkers\.maks' as there is no such option: did you mean 'max'\?$/],
    [{ healthCheck: { intervall: 1 } }, /'healthCheck\.intervall'.*did you mean 'interval'\?$/],
    [{ recycle: { afterCall: 1 } }, /'recycle\.afterCall'.*did you mean 'afterCalls'\?$/],
  ])("suggest the nearest: %j", (options, message) => {
    expect(() => CounterWorker.options({ mode: "async", ...options }).init()).toThrow(message);
    expect(() => new TaskPool({ mode: "async", ...options })).toThrow(message);
  });

  it("of a call suggest the nearest", async () => {
    await using pool = CounterWorker.options({ mode: "async" }).init();
    const misspelt = { timeOut: 1 } as object;
    expect(() => pool.with(misspelt)).toThrow(/'timeOut' as there is no such call option: did you mean 'timeout'\?$/);
  });
});

describe("MANYHANDS_MODE", () => {
  it("must be a mode", () => {
    vi.stubEnv("MANYHANDS_MODE", "synch");
    expect(() => CounterWorker.init()).toThrow(
      /^Cannot take the mode from the environment variable 'MANYHANDS_MODE'.*current value is 'synch'.*'sync'\?$/,
    );
    expect(() => CounterWorker.options({ blocking: true }).init()).toThrow(/MANYHANDS_MODE/);
  });

  it("says nothing when it is empty", async () => {
    vi.stubEnv("MANYHANDS_MODE", "");
    await using pool = CounterWorker.options({ mode: "async" }).init();
    expect(pool.stats().mode).toBe("async");
  });

  it("runs a program of threads and processes in the calling turn", async () => {
    const { stdout, stderr, code } = await runProgram("forced-mode.js", [], { MANYHANDS_MODE: "sync" });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      results: [2, 4, 6, 8, 5, 9, 16],
      modes: ["sync", "sync", "sync", "sync"],
      sizes: [1, 1, 1, 1],
      isHere: true,
    });
    expect(code).toBe(0);
  });

  it.each(POOL_MODES)("runs it in mode %s with as many workers as it asks for", async (mode) => {
    const { stdout, stderr, code } = await runProgram("forced-mode.js", [], { MANYHANDS_MODE: mode });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      results: [2, 4, 6, 8, 5, 9, 16],
      modes: [mode, mode, mode, mode],
      sizes: [4, 2, 2, 2],
      isHere: mode === "async" || mode === "thread",
    });
    expect(code).toBe(0);
  });

  it.each(["sync", ...REMOTE_MODES] as const)("holds for pools that block: %s", async (mode) => {
    const { stdout } = await runProgram("forced-blocking.js", [], { MANYHANDS_MODE: mode });
    expect(stdout).toBe(`7 in mode ${mode}\n`);
  });

  it("cannot make a pool that blocks asynchronous", async () => {
    const { stdout } = await runProgram("forced-blocking.js", [], { MANYHANDS_MODE: "async" });
    expect(stdout).toMatch(/^TypeError: Cannot set 'blocking' in mode 'async'/);
  });
});
