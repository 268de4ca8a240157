import { DefinitionError, type PoolOptions, type RetryOptions, worker } from "manyhands";
import { describe, expect, it } from "vitest";
import { FlakyWorker } from "#fixtures/flaky.js";
import { MODES } from "./modes.js";

/** Options as code without types may give them. */
const init = (options: object): unknown => FlakyWorker.options(options as never).init();

class Service {
  fetch(url: string): string {
    return url;
  }
}

const define = (defaults: object): unknown => worker(import.meta, Service, defaults as never);

describe.each(MODES)("retry options in mode %s", (mode) => {
  it.each<[object, RegExp]>([
    [{ retry: { retries: 1, jiter: 0 } }, /'retry\.jiter'.*did you mean 'jitter'\?$/],
    [{ retry: { retries: -1 } }, /'retry\.retries'.*at least 0: current value is -1$/],
    [{ retry: { retries: 1, backoff: "exponental" } }, /did you mean 'exponential'\?$/],
    [{ methods: { fetch: { retry: { retries: 0.5 } } } }, /'methods\.fetch\.retry\.retries'/],
    [
      { methods: { fecth: { retry: { retries: 1 } } } },
      /'Flaky\.fecth' as there is no such method: did you mean 'fetch'\?$/,
    ],
    [{ methods: { fetch: { retrey: { retries: 1 } } } }, /'methods\.fetch\.retrey'.*did you mean 'retry'\?$/],
    [{ methods: { fetch: 3 } }, /'methods\.fetch' as it must be an object: current value is 3$/],
    [{ methods: { fetch: { cost: 3 } } }, /'methods\.fetch\.cost' as it must be a function: current value is 3$/],
    [{ methods: [] }, /'methods' as it must be an object/],
    [{ retry: 3 }, /'retry' as it must be an object: current value is 3$/],
    [{ retry: false }, /'retry' as it must be an object: current value is false$/],
    [{ retrys: { retries: 3 } }, /'retrys' as there is no such option: did you mean 'retry'\?$/],
  ])("are refused at init: %j", (options, message) => {
    expect(() => init({ mode, ...options })).toThrow(message);
  });
});

describe("retry options", () => {
  it.each<[object, RegExp]>([
    [{ retry: { retries: 1, jiter: 0 } }, /'retry\.jiter'.*did you mean 'jitter'\?$/],
    [{ methods: { fecth: { retry: { retries: 1 } } } }, /'Service\.fecth'.*did you mean 'fetch'\?$/],
    [{ methods: { fetch: { retry: { retires: 1 } } } }, /'methods\.fetch\.retry\.retires'.*did you mean 'retries'\?$/],
    [{ methods: { fetch: { retrey: {} } } }, /'methods\.fetch\.retrey'.*did you mean 'retry'\?$/],
    [{ maxWorker: 3 }, /'maxWorker'.*did you mean 'maxWorkers'\?$/],
    [{ mode: "tread" }, /'mode'.*'thread'/],
    [{ blocking: true }, /'blocking'/],
  ])("are refused in the definition: %j", (defaults, message) => {
    expect(() => define(defaults)).toThrow(message);
  });

  it("name an unknown method with an error of its own", () => {
    expect(() => init({ methods: { fecth: {} } })).toThrow(DefinitionError);
    expect(() => define({ methods: { fecth: {} } })).toThrow(DefinitionError);
  });

  it("know the methods by their types", () => {
    const retry: RetryOptions = { retries: 1 };
    const options: PoolOptions = { mode: "async" };
    FlakyWorker.options({ ...options, methods: { fetch: { retry, cost: (value: unknown, n) => ({ calls: n }) } } });
    // @ts-expect-error -- there is no such method
    FlakyWorker.options({ ...options, methods: { fecth: { retry } } });
    // @ts-expect-error -- there is no such option
    FlakyWorker.options({ ...options, methods: { fetch: { retyr: retry } } });
  });
});
