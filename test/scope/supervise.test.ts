import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { supervise, TaskGroup } from "manyhands";
import { describe, expect, expectTypeOf, it } from "vitest";
import { untilAborted } from "./deferred.js";
import { errorsOf, reasonOf, turn } from "./outcomes.js";

const failure = new Error("no luck");

describe("supervise", () => {
  it("lets children fail alone, and resolves with what its body returns", async () => {
    const run = supervise(async (group) => {
      const good = group.spawn(async () => {
        await turn();
        return "good";
      });
      const bad = group.spawn(() => Promise.reject(failure), { name: "bad" });
      await group.drain();
      expect(group.signal.aborted).toBe(false);
      expect(group.failures).toEqual([{ name: "bad", error: failure }]);
      return [await good, await bad.exception()];
    });
    expectTypeOf(run).resolves.toEqualTypeOf<unknown[]>();
    expect(await run).toEqual(["good", failure]);
  });

  it("cancels all when its body fails, and fails with that alone", async () => {
    const seen: unknown[] = [];
    const bodyFailure = new Error("body");
    const errors = await errorsOf(
      supervise(async (group) => {
        group.spawn(() => Promise.reject(failure));
        group.spawn(async (signal) => seen.push(await reasonOf(untilAborted(signal))));
        await turn();
        expect(group.failures).toHaveLength(1);
        throw bodyFailure;
      }),
    );
    expect(errors).toEqual([bodyFailure]);
    expect(seen).toEqual([expect.objectContaining({ name: "AbortError", cause: bodyFailure })]);
  });

  it("keeps the last failures, however many there are", async () => {
    const error = await supervise(
      async (group) => {
        for (let index = 0; index < 5000; index += 1) {
          const child = group.spawn(() => Promise.reject(index));
          const error = child.exception();
          if (index % 100 === 0) await error;
        }
        await group.drain();
        const { failures } = group;
        expect(failures.length).toBeGreaterThanOrEqual(1000);
        expect(failures.length).toBeLessThanOrEqual(2000);
        return failures.at(-1)!.error;
      },
      { concurrency: 10 },
    );
    expect(error).toBe(4999);
  });

  it("goes on after failures with those that wait", async () => {
    const done: number[] = [];
    await supervise(
      async (group) => {
        for (let index = 0; index < 6; index += 1) {
          group.spawn(async () => {
            if (index % 2 === 0) throw failure;
            done.push(index);
          });
        }
        await group.drain();
        expect(group.failures).toHaveLength(3);
      },
      { concurrency: 1 },
    );
    expect(done).toEqual([1, 3, 5]);
  });

  it("has no say in what a failure does", async () => {
    await expect(supervise(() => 1, null as never)).rejects.toThrow("Cannot set 'group' as it must be an object");
    await expect(supervise(() => 1, { onFailure: "cancel" } as never)).rejects.toThrow("use taskGroup");
    const group = new TaskGroup({ onFailure: "continue" });
    expect(await group.spawn(() => Promise.reject(failure)).exception()).toBe(failure);
    await group.join();
  });

  it("reports a failure that nobody looked at, once", async () => {
    const program = `
      import { supervise } from "manyhands";
      await supervise((group) => {
        group.spawn(() => Promise.reject(new Error("looked at"))).exception();
        group.spawn(() => Promise.reject(new Error("not looked at")), { name: "lonely" });
      }, { name: "site" });`;
    const { stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    expect(stderr.match(/Nobody looked at the error of site.lonely \(group-1:2\): Error: not looked at/g)).toHaveLength(
      1,
    );
    expect(stderr).not.toContain("Error: looked at");
  });
});
