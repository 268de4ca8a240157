import { CancelledError, TaskGroup, taskGroup } from "manyhands";
import { describe, expect, expectTypeOf, it } from "vitest";
import { deferred, untilAborted } from "./deferred.js";
import { errorsOf, reasonOf, turn } from "./outcomes.js";

const failure = new Error("no luck");

describe("taskGroup", () => {
  it("resolves with what its body returns, once all children have ended", async () => {
    const last = deferred();
    let hasEnded = false;
    const result = taskGroup(async (group) => {
      const one = group.spawn(async () => Promise.resolve(1));
      group.spawn(async () => last.promise);
      return (await one) + group.running;
    });
    void result.then(() => (hasEnded = true));
    await turn();
    expect(hasEnded).toBe(false);
    last.resolve();
    expect(await result).toBe(2);
  });

  it("has the types of its body and its children", () => {
    const run = () =>
      taskGroup((group) => {
        expectTypeOf(group.spawn(async () => "a").result()).resolves.toBeString();
        expectTypeOf(group.spawn((signal) => signal.aborted).result()).resolves.toBeBoolean();
        return 7;
      });
    expectTypeOf(run).returns.resolves.toBeNumber();
  });

  it("fails with all errors, those of the body and of the cleanup of siblings too, each once", async () => {
    const cleanup = new Error("cleanup");
    const errors = await errorsOf(
      taskGroup(async (group) => {
        group.spawn(async (signal) => {
          await untilAborted(signal).catch(() => {});
          throw cleanup;
        });
        // Thrown on by the body: the same error is not told twice.
        await group.spawn(async () => Promise.reject(failure));
      }),
    );
    expect(errors).toEqual([failure, cleanup]);
  });

  it("wraps a single error too, and says where it came from", async () => {
    const byChild = await reasonOf(
      taskGroup((group) => void group.spawn(() => Promise.reject(failure), { name: "page 3" }), { name: "site" }),
    );
    expect(byChild).toMatchObject({
      name: "AggregateError",
      errors: [failure],
      message: "Cannot finish the group 'site' as 'page 3' failed: no luck",
    });
    const byBody = await reasonOf(taskGroup(() => Promise.reject(failure), { name: "site" }));
    expect(byBody).toMatchObject({
      errors: [failure],
      message: "Cannot finish the group 'site' as its body failed: no luck",
    });
  });

  it("cancels the siblings of a child that fails, and waits for their cleanup", async () => {
    const cleanup = deferred();
    const log: string[] = [];
    let reason: unknown;
    const group = taskGroup(async (inner) => {
      inner.spawn(async (signal) => {
        await untilAborted(signal).catch((error: unknown) => (reason = error));
        await cleanup.promise;
        log.push("cleaned up");
      });
      inner.spawn(() => Promise.reject(failure), { name: "bad" });
    });
    const over = errorsOf(group).then((errors) => {
      log.push("over");
      return errors;
    });
    await turn();
    expect(log).toEqual([]);
    expect(reason).toBeInstanceOf(CancelledError);
    expect(reason).toMatchObject({ name: "AbortError", cause: failure });
    expect((reason as Error).message).toMatch(/^The group 'group-\d+' was cancelled as 'bad' failed$/);
    cleanup.resolve();
    expect(await over).toEqual([failure]);
    expect(log).toEqual(["cleaned up", "over"]);
  });

  it("cancels its children when its body fails", async () => {
    let child: PromiseLike<unknown> | undefined;
    const errors = await errorsOf(
      taskGroup(async (group) => {
        child = group.spawn(untilAborted);
        await Promise.resolve();
        throw failure;
      }),
    );
    expect(errors).toEqual([failure]);
    expect(await reasonOf(child!)).toMatchObject({ name: "AbortError", cause: failure });
  });

  it("takes a body and children that throw at once as it takes those that reject", async () => {
    expect(
      await errorsOf(
        taskGroup((group) => {
          group.spawn(() => {
            throw failure;
          });
        }),
      ),
    ).toEqual([failure]);
    expect(
      await errorsOf(
        taskGroup(() => {
          throw failure;
        }),
      ),
    ).toEqual([failure]);
  });

  it("does not take errors that its cancellation caused for failures", async () => {
    const errors = await errorsOf(
      taskGroup(async (group) => {
        group.spawn(untilAborted);
        group.spawn(async (signal) => {
          await untilAborted(signal).catch(() => {});
          throw new DOMException("stopped", "AbortError");
        });
        group.spawn(async (signal) => {
          const cause = await reasonOf(untilAborted(signal));
          throw new Error("Cannot fetch", { cause });
        });
        group.spawn(async (signal) => Promise.any([untilAborted(signal), untilAborted(signal)]));
        group.spawn(() => Promise.reject(failure));
        await untilAborted(group.signal);
      }),
    );
    expect(errors).toEqual([failure]);
  });

  it("takes an AbortError for a failure where nothing was cancelled", async () => {
    const error = new DOMException("stopped", "AbortError");
    expect(await errorsOf(taskGroup((group) => void group.spawn(() => Promise.reject(error))))).toEqual([error]);
  });

  it("waits for children that children spawn while it waits", async () => {
    const log: number[] = [];
    await taskGroup((group) => {
      const descend = async (depth: number): Promise<void> => {
        await turn();
        log.push(depth);
        if (depth > 0) group.spawn(() => descend(depth - 1));
      };
      group.spawn(() => descend(3));
    });
    expect(log).toEqual([3, 2, 1, 0]);
  });

  it("refuses to spawn when it is closed or cancelled", async () => {
    let group: TaskGroup | undefined;
    await taskGroup((inner) => void (group = inner), { name: "first" });
    expect(group!.status).toBe("closed");
    expect(() => group!.spawn(() => 1, { name: "late" })).toThrow(
      new TypeError("Cannot spawn 'late' as the group 'first' is closed: all of its children have ended"),
    );
    const reason = new Error("enough");
    let hasRun = false;
    await taskGroup((inner) => {
      inner.cancel(reason);
      expect(() => inner.spawn(() => (hasRun = true))).toThrow(reason);
    });
    expect(hasRun).toBe(false);
  });

  it("adds no error of its own when the body spawns on after a failure", async () => {
    const errors = await errorsOf(
      taskGroup(async (group) => {
        for (;;) {
          group.spawn(() => Promise.reject(failure));
          await turn();
        }
      }),
    );
    expect(errors).toEqual([failure]);
  });

  it("refuses options it does not know, and values it cannot use", async () => {
    const attempts: [object, string][] = [
      [{ timeuot: 5 }, "Cannot set 'group.timeuot' as there is no such option: did you mean 'timeout'?"],
      [{ timeout: -1 }, "Cannot set 'timeout' as it must be a number of ms from 0 to 2147483647: current value is -1"],
      [
        { grace: Number.NaN },
        "Cannot set 'grace' as it must be a number of ms from 0 to 2147483647: current value is NaN",
      ],
      [{ concurrency: 0 }, "Cannot set 'concurrency' as it must be a positive integer: current value is 0"],
      [
        { onFailure: "stop" },
        "Cannot set 'onFailure' as it must be one of 'cancel', 'continue': current value is 'stop'",
      ],
      [
        { deadline: "soon" },
        "Cannot set 'deadline' as it must be a finite number of ms since the epoch: current value is 'soon'",
      ],
      [{ signal: {} }, "Cannot set 'signal' as it must be an AbortSignal: current value is {}"],
      [{ name: "" }, "Cannot set 'name' as it must be a string that is not empty: current value is ''"],
    ];
    for (const [options, message] of attempts) {
      expect(await reasonOf(taskGroup(() => 1, options))).toMatchObject({ message });
      expect(() => new TaskGroup(options)).toThrow(message);
    }
    const group = new TaskGroup();
    expect(() => group.spawn(5 as never)).toThrow("Cannot spawn a child as it must be a function: current value is 5");
    expect(() => group.spawn(() => 1, { nmae: "x" } as never)).toThrow("did you mean 'name'?");
    expect(await reasonOf(taskGroup(5 as never))).toMatchObject({
      message: "Cannot run a group as its body must be a function: current value is 5",
    });
    expect(await reasonOf(taskGroup(() => 1, null as never))).toBeInstanceOf(TypeError);
  });
});

describe("await using", () => {
  it("waits for the children when the block is left", async () => {
    const log: string[] = [];
    {
      await using group = new TaskGroup();
      expect(group.status).toBe("open");
      group.spawn(async () => {
        await turn();
        log.push("child");
      });
      log.push("body");
    }
    log.push("after");
    expect(log).toEqual(["body", "child", "after"]);
  });

  it("throws what failed, once", async () => {
    const leave = async (): Promise<void> => {
      await using group = new TaskGroup();
      group.spawn(() => Promise.reject(failure));
    };
    expect(await errorsOf(leave())).toEqual([failure]);
    const join = async (): Promise<void> => {
      await using group = new TaskGroup();
      group.spawn(() => Promise.reject(failure));
      await group.join();
    };
    expect(await errorsOf(join())).toEqual([failure]);
  });

  it("joins as often as one likes, with the same outcome", async () => {
    const group = new TaskGroup();
    group.spawn(() => Promise.reject(failure));
    const error = await reasonOf(group.join());
    expect(group.status).toBe("closed");
    expect(await reasonOf(group.join())).toBe(error);
  });

  it("ends without an error when it was cancelled by hand", async () => {
    await using group = new TaskGroup();
    group.spawn(untilAborted);
    group.cancel();
  });
});

describe("waiting inside of the group", () => {
  it("is refused where it would wait for itself", async () => {
    await taskGroup(
      async (group) => {
        const message = "Cannot wait for the group 'site' inside of it as it would wait for itself";
        await expect(group.join()).rejects.toThrow(new TypeError(message));
        await expect(group.spawn(async () => group.join())).rejects.toThrow(TypeError);
      },
      { name: "site", onFailure: "continue" },
    );
  });
});

describe("drain", () => {
  it("waits for the children, in the body too", async () => {
    const log: string[] = [];
    await taskGroup(async (group) => {
      await group.drain();
      group.spawn(async () => {
        await turn();
        log.push("child");
      });
      await group.drain();
      log.push("drained");
      expect(group.running).toBe(0);
    });
    expect(log).toEqual(["child", "drained"]);
  });

  it("is refused in a child, which would wait for itself", async () => {
    const errors = await errorsOf(taskGroup((group) => void group.spawn(() => group.drain())));
    expect(errors).toEqual([expect.any(TypeError)]);
  });
});
