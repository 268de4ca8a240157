import { AsyncLocalStorage } from "node:async_hooks";
import { CancelledError, taskGroup } from "manyhands";
import { describe, expect, it, vi } from "vitest";
import { deferred, untilAborted } from "./deferred.js";
import { errorsOf, reasonOf, turn } from "./outcomes.js";

const failure = new Error("no luck");

describe("the handle of a child", () => {
  it("tells of it as that of a call does", async () => {
    await taskGroup(
      async (group) => {
        const gate = deferred<string>();
        const first = group.spawn(async () => gate.promise, { name: "first" });
        const second = group.spawn(async function reading() {
          return "b";
        });
        expect([first.status, second.status]).toEqual(["running", "queued"]);
        expect([group.running, group.queued]).toEqual([1, 1]);
        expect([first.attempts, second.attempts]).toEqual([1, 0]);
        expect(second.timings).toMatchObject({ waited: undefined, ran: undefined });
        expect(String(await reasonOf(second.result({ timeout: 1 })))).toContain(
          "Cannot return the result of site.reading",
        );
        gate.resolve("a");
        expect([await first, await second]).toEqual(["a", "b"]);
        expect([first.status, second.status]).toEqual(["done", "done"]);
        expect(second.timings.waited).toBeGreaterThan(0);
        expect(second.timings.ran).toBeGreaterThanOrEqual(0);
        expect(second.id).not.toBe(first.id);
      },
      { concurrency: 1, name: "site" },
    );
  });

  it("cancels that child alone, and settles when it has ended", async () => {
    const cleanup = deferred();
    await taskGroup(async (group) => {
      const sibling = deferred();
      const other = group.spawn(async (signal) => {
        await sibling.promise;
        return signal.aborted;
      });
      const child = group.spawn(async (signal) => {
        await untilAborted(signal).catch(() => {});
        await cleanup.promise;
        throw signal.reason;
      });
      expect(child.cancel(failure)).toBe(true);
      await turn();
      expect(child.status).toBe("running");
      cleanup.resolve();
      expect(await child.exception()).toBe(failure);
      expect(child.status).toBe("cancelled");
      expect(child.cancel()).toBe(false);
      sibling.resolve();
      expect(await other).toBe(false);
    });
  });

  it("takes a child that waits out of the queue", async () => {
    let hasRun = false;
    await taskGroup(
      async (group) => {
        const gate = deferred();
        group.spawn(async () => gate.promise);
        const child = group.spawn(() => (hasRun = true));
        child.cancel();
        expect(child.status).toBe("cancelled");
        expect(await child.exception()).toBeInstanceOf(CancelledError);
        gate.resolve();
      },
      { concurrency: 1 },
    );
    expect(hasRun).toBe(false);
  });

  it("gives a signal to whatever function could see one", async () => {
    await taskGroup(async (group) => {
      const isSignal = (value: unknown): boolean => value instanceof AbortSignal;
      // oxlint-disable-next-line prefer-rest-params -- one of the ways to see it
      const classic = function (): boolean {
        return isSignal(arguments[0]);
      };
      expect(await group.spawn((...args: unknown[]) => isSignal(args[0]))).toBe(true);
      expect(await group.spawn(classic)).toBe(true);
      expect(await group.spawn(isSignal.bind(undefined))).toBe(true);
      expect(await group.spawn((signal?: unknown, _more = 1) => isSignal(signal))).toBe(true);
      const mock = vi.fn();
      await group.spawn(mock);
      expect(mock).toHaveBeenCalledExactlyOnceWith(expect.any(AbortSignal));
    });
  });
});

describe("concurrency", () => {
  it("lets so many run at once, first come, first served", async () => {
    const log: number[] = [];
    const gates = Array.from({ length: 5 }, () => deferred());
    await taskGroup(
      async (group) => {
        for (const [index, gate] of gates.entries()) {
          group.spawn(async () => {
            log.push(index);
            await gate.promise;
          });
        }
        await turn();
        expect(log).toEqual([0, 1]);
        gates[1]!.resolve();
        await turn();
        expect(log).toEqual([0, 1, 2]);
        for (const gate of gates) gate.resolve();
      },
      { concurrency: 2 },
    );
    expect(log).toEqual([0, 1, 2, 3, 4]);
  });

  it("gives a place away when a child has ended, not when it was cancelled", async () => {
    const cleanup = deferred();
    await taskGroup(
      async (group) => {
        const first = group.spawn(async () => cleanup.promise);
        const second = group.spawn(() => 2);
        first.cancel();
        await turn();
        expect(second.status).toBe("queued");
        cleanup.resolve();
        expect(await second).toBe(2);
      },
      { concurrency: 1 },
    );
  });

  it("begins none that waits once the group is cancelled", async () => {
    let hasRun = false;
    let waiting: PromiseLike<unknown> | undefined;
    const errors = await errorsOf(
      taskGroup(
        (group) => {
          group.spawn(() => Promise.reject(failure));
          waiting = group.spawn(() => (hasRun = true));
        },
        { concurrency: 1 },
      ),
    );
    expect(errors).toEqual([failure]);
    expect(await reasonOf(waiting!)).toMatchObject({ name: "AbortError", cause: failure });
    expect(hasRun).toBe(false);
  });

  it("begins none that has a place and has not begun when the group is cancelled", async () => {
    let hasRun = false;
    const gate = deferred();
    await taskGroup(
      async (group) => {
        const first = group.spawn(async () => gate.promise);
        // Its place is free, and it begins a moment later.
        first.onSettled(() => group.cancel());
        group.spawn(() => (hasRun = true));
        gate.resolve();
      },
      { concurrency: 1 },
    );
    expect(hasRun).toBe(false);
  });

  it("keeps the context in which a child was spawned", async () => {
    const storage = new AsyncLocalStorage<string>();
    await taskGroup(
      async (group) => {
        const first = storage.run("first", () => group.spawn(async () => (await turn(), storage.getStore())));
        const second = storage.run("second", () => group.spawn(async () => storage.getStore()));
        expect([await first, await second]).toEqual(["first", "second"]);
      },
      { concurrency: 1 },
    );
  });
});
