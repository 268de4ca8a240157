import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { describe, expect, expectTypeOf, it } from "vitest";
import { configuredOptions, withConfig } from "../../dist/config/configure.js";

const MODULE = new URL("../../dist/config/configure.js", import.meta.url);

describe("withConfig", () => {
  it("returns what the function returns, typed", () => {
    const result = withConfig({}, () => 5);
    expectTypeOf(result).toEqualTypeOf<number>();
    expect(result).toBe(5);
    expectTypeOf(withConfig({}, () => Promise.resolve("a"))).toEqualTypeOf<Promise<string>>();
  });

  it("ends with the function, also when that throws", () => {
    const error = new Error("no luck");
    const fail = (): never => {
      throw error;
    };
    expect(() => withConfig({ thread: { timeout: 1 } }, fail)).toThrow(error);
    expect(configuredOptions("thread")).toEqual({});
  });

  it("holds through awaits, timers and callbacks of what runs inside, and nowhere else", async () => {
    const inside = withConfig({ thread: { timeout: 1 } }, async () => {
      await Promise.resolve();
      const afterAwait = configuredOptions("thread");
      await turn();
      const inTimer = await new Promise((resolve) => setTimeout(() => resolve(configuredOptions("thread")), 0));
      return [afterAwait, inTimer, configuredOptions("thread")];
    });
    expect(configuredOptions("thread")).toEqual({});
    expect(await inside).toEqual([{ timeout: 1 }, { timeout: 1 }, { timeout: 1 }]);
    expect(configuredOptions("thread")).toEqual({});
  });

  it("keeps what runs in parallel apart, nested calls included", async () => {
    const run = (id: number): Promise<void> =>
      withConfig({ thread: { timeout: id } }, async () => {
        for (let step = 0; step < id % 5; step += 1) await turn();
        expect(configuredOptions("thread")).toEqual({ timeout: id });
        await withConfig({ thread: { grace: id } }, async () => {
          for (let step = 0; step < id % 3; step += 1) await turn();
          expect(configuredOptions("thread")).toEqual({ timeout: id, grace: id });
        });
        expect(configuredOptions("thread")).toEqual({ timeout: id });
      });
    await Promise.all(Array.from({ length: 30 }, (_, id) => run(id)));
  });

  it("does not run the function when the configuration is refused", () => {
    let hasRun = false;
    const refuse = (): never => {
      throw new RangeError("no luck");
    };
    expect(() => withConfig({ thread: {} }, () => (hasRun = true), refuse)).toThrow(new RangeError("no luck"));
    expect(hasRun).toBe(false);
  });

  it("refuses what is no function", () => {
    expect(() => withConfig({}, 5 as never)).toThrow(
      new TypeError("Cannot run with a configuration as 'fn' must be a function: current value is 5"),
    );
  });

  it("makes no AsyncLocalStorage before it is used", async () => {
    const code = `import(${JSON.stringify(MODULE.href)}).then(({ configure, configuredOptions, withConfig }) => {
      const made = () => globalThis[Symbol.for("manyhands.config")].scopes !== undefined;
      configure({ thread: { timeout: 1 } });
      configuredOptions("thread");
      const before = made();
      withConfig({}, () => {});
      require("node:worker_threads").parentPort.postMessage([before, made()]);
    })`;
    const thread = new Worker(code, { eval: true });
    const seen = await new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject));
    expect(seen).toEqual([false, true]);
  });
});
