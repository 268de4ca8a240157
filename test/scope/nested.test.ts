import { LeftBehindError, TaskGroup, taskGroup, TimeoutError } from "manyhands";
import { afterEach, describe, expect, it, vi } from "vitest";
import { deferred, untilAborted } from "./deferred.js";
import { errorsOf, reasonOf, turn } from "./outcomes.js";

const failure = new Error("no luck");

afterEach(() => {
  vi.useRealTimers();
});

describe("a group inside another", () => {
  it("is cancelled with it, and does not swallow that (cpython#116720)", async () => {
    const log: unknown[] = [];
    const outer = taskGroup(async (group) => {
      group.spawn(async () => {
        log.push(
          await reasonOf(
            taskGroup(async (inner) => {
              inner.spawn(untilAborted);
              // It was on its way out already, by its own will, when the outer one is cancelled.
              inner.cancel(new Error("by hand"));
              await turn();
            }),
          ),
        );
        await Promise.resolve();
        // The code behind it is still cancelled.
        log.push(group.signal.aborted);
      });
      group.spawn(() => Promise.reject(failure));
    });
    expect(await errorsOf(outer)).toEqual([failure]);
    expect(log).toEqual([expect.objectContaining({ name: "AbortError", cause: failure }), true]);
  });

  it("that has errors of its own adds them to those of the outer one", async () => {
    const cleanup = new Error("cleanup");
    const errors = await errorsOf(
      taskGroup((group) => {
        group.spawn(() =>
          taskGroup(
            (inner) =>
              void inner.spawn(async (signal) => {
                await untilAborted(signal).catch(() => {});
                throw cleanup;
              }),
          ),
        );
        group.spawn(() => Promise.reject(failure));
      }),
    );
    expect(errors).toEqual([failure, expect.objectContaining({ errors: [cleanup] })]);
  });

  it("fails the outer one as one error, a tree", async () => {
    const errors = await errorsOf(
      taskGroup((group) => {
        group.spawn(() => taskGroup((inner) => void inner.spawn(() => Promise.reject(failure))));
      }),
    );
    expect(errors).toEqual([expect.any(AggregateError)]);
    expect((errors[0] as AggregateError).errors).toEqual([failure]);
  });

  it("belongs to where it was opened, not to where its children are spawned", async () => {
    const opened = deferred<TaskGroup>();
    const gate = deferred();
    const log: string[] = [];
    const first = taskGroup(async (group) => {
      opened.resolve(new TaskGroup({ name: "inner" }));
      await gate.promise;
      group.cancel();
    });
    const second = taskGroup(async (group) => {
      const inner = await opened.promise;
      inner.spawn(async (signal) => {
        await untilAborted(signal).catch(() => log.push("child"));
      });
      group.cancel();
      await turn();
      expect(inner.signal.aborted).toBe(false);
      gate.resolve();
      await reasonOf(inner.join());
    });
    await Promise.all([first, second]);
    expect(log).toEqual(["child"]);
  });

  it("that nobody waits for is waited for by the outer one, which has its errors", async () => {
    const log: string[] = [];
    const cleanup = new Error("cleanup");
    const errors = await errorsOf(
      taskGroup(() => {
        const forgotten = new TaskGroup({ name: "forgotten" });
        forgotten.spawn(async () => {
          await turn();
          log.push("child");
          throw cleanup;
        });
      }),
    );
    expect(log).toEqual(["child"]);
    expect(errors).toEqual([expect.objectContaining({ errors: [cleanup] })]);
  });

  it("that was not awaited is over before the outer one is", async () => {
    const log: string[] = [];
    await taskGroup(() => {
      void taskGroup(async () => {
        await turn();
        log.push("inner");
      });
    });
    log.push("outer");
    expect(log).toEqual(["inner", "outer"]);
  });

  it("has no later deadline, and rejects with that of the outer one", async () => {
    vi.useFakeTimers();
    const seen: unknown[] = [];
    const outer = reasonOf(
      taskGroup(
        async (group) => {
          const deadlines = [10_000, 200].map((timeout) => new TaskGroup({ timeout }).deadline! - Date.now());
          expect(deadlines).toEqual([500, 200]);
          const inner = reasonOf(
            taskGroup(async ({ signal }) => untilAborted(signal), { timeout: 10_000, name: "inner" }),
          );
          seen.push(await inner);
          throw group.signal.reason;
        },
        { timeout: 500, name: "outer" },
      ),
    );
    await vi.advanceTimersByTimeAsync(500);
    const error = await outer;
    expect(error).toBeInstanceOf(TimeoutError);
    expect((error as Error).message).toContain("'outer'");
    expect(seen).toEqual([error]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is done with its own timeout, and the outer one goes on", async () => {
    vi.useFakeTimers();
    const value = taskGroup(async () => {
      const error = await reasonOf(taskGroup(({ signal }) => untilAborted(signal), { timeout: 20 }));
      return error instanceof TimeoutError;
    });
    await vi.advanceTimersByTimeAsync(20);
    expect(await value).toBe(true);
  });

  it("reports what it left behind before the outer one does", async () => {
    vi.useFakeTimers();
    const outer = errorsOf(
      taskGroup(
        (group) => {
          group.spawn(() => taskGroup((inner) => void inner.spawn(() => new Promise(() => {}), { name: "stuck" })), {
            name: "willing",
          });
          group.cancel();
        },
        { grace: 50 },
      ),
    );
    await vi.advanceTimersByTimeAsync(50);
    const [error, ...others] = await outer;
    expect(others).toEqual([]);
    expect((error as AggregateError).errors).toEqual([expect.any(LeftBehindError)]);
    expect((error as AggregateError).errors[0]).toMatchObject({ names: ["stuck"], grace: 50 });
  });

  it("opened when the outer one is cancelled lets nothing begin", async () => {
    let hasRun = false;
    await taskGroup(async (group) => {
      group.cancel(failure);
      expect(await reasonOf(taskGroup(() => (hasRun = true)))).toBe(failure);
      expect(() => new TaskGroup().spawn(() => (hasRun = true))).toThrow(failure);
    });
    expect(hasRun).toBe(false);
  });

  it("opened by code that outlived its group belongs to the group around that, or to nobody", async () => {
    const gates = [deferred(), deferred()];
    const late: Promise<string>[] = [];
    const outlive = (index: number) => (group: TaskGroup) => {
      late.push(gates[index]!.promise.then(() => taskGroup(({ deadline }) => `deadline: ${String(deadline)}`)));
      group.cancel();
    };
    await taskGroup(outlive(0));
    gates[0]!.resolve();
    expect(await late[0]).toBe("deadline: undefined");
    await taskGroup(
      async (outer) => {
        await taskGroup(outlive(1));
        gates[1]!.resolve();
        expect(await late[1]).toBe(`deadline: ${outer.deadline}`);
      },
      { timeout: 100_000 },
    );
  });

  it("opened by a child that was left behind lets nothing begin", async () => {
    const gate = deferred();
    let late: Promise<unknown> | undefined;
    const errors = await errorsOf(
      taskGroup(
        (group) => {
          group.spawn(async () => {
            await gate.promise;
            late = reasonOf(taskGroup(() => "begun"));
          });
          group.cancel(failure);
        },
        { grace: 1 },
      ),
    );
    expect(errors).toHaveLength(1);
    gate.resolve();
    await turn();
    expect(await late).toBe(failure);
  });
});
