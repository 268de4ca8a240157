import { AsyncLocalStorage } from "node:async_hooks";
import { CancelledError, LeftBehindError, TaskGroup, taskGroup, TimeoutError } from "manyhands";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { deferred, untilAborted } from "./deferred.js";
import { errorsOf, reasonOf, turn } from "./outcomes.js";

const failure = new Error("no luck");

afterEach(() => {
  vi.useRealTimers();
});

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
        group.spawn(async (signal) => Promise.any([untilAborted(signal)]));
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
        "Cannot set 'deadline' as it must be a finite number of ms since the epoch: current value is soon",
      ],
      [{ signal: {} }, "Cannot set 'signal' as it must be an AbortSignal: current value is [object Object]"],
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

describe("cancel", () => {
  it("ends a group without an error", async () => {
    const seen: unknown[] = [];
    const value = await taskGroup((group) => {
      group.spawn(async (signal) => seen.push(await reasonOf(untilAborted(signal))));
      expect(group.cancel(failure)).toBe(true);
      expect(group.cancel()).toBe(false);
      expect(group.signal.reason).toBe(failure);
      return "value";
    });
    expect(value).toBe("value");
    expect(seen).toEqual([failure]);
  });

  it("has a reason of its own where none is given", async () => {
    await taskGroup(
      (group) => {
        group.cancel();
        expect(group.signal.reason).toBeInstanceOf(CancelledError);
        expect(group.signal.reason).toMatchObject({ message: "The group 'site' was cancelled" });
      },
      { name: "site" },
    );
  });

  it("does not hide what children throw in their cleanup", async () => {
    const errors = await errorsOf(
      taskGroup((group) => {
        group.spawn(async (signal) => {
          await untilAborted(signal).catch(() => {});
          throw failure;
        });
        group.cancel();
      }),
    );
    expect(errors).toEqual([failure]);
  });

  it("leaves a body that it interrupted without a value to resolve with", async () => {
    const group = taskGroup(async (inner) => {
      inner.cancel(failure);
      await untilAborted(inner.signal);
      return 1;
    });
    expect(await reasonOf(group)).toBe(failure);
  });
});

describe("a signal", () => {
  it("cancels the group, which rejects with its reason", async () => {
    const controller = new AbortController();
    const seen: unknown[] = [];
    const group = taskGroup(
      (inner) => void inner.spawn(async (signal) => seen.push(await reasonOf(untilAborted(signal)))),
      { signal: controller.signal },
    );
    controller.abort(failure);
    expect(await reasonOf(group)).toBe(failure);
    expect(seen).toEqual([failure]);
  });

  it("rejects even where all children ended well, and where the group was cancelled before", async () => {
    for (const cancelsBefore of [false, true]) {
      const controller = new AbortController();
      const gate = deferred();
      const group = taskGroup(
        (inner) => {
          inner.spawn(() => gate.promise);
          if (cancelsBefore) inner.cancel(new Error("by hand"));
        },
        { signal: controller.signal },
      );
      controller.abort(failure);
      gate.resolve();
      expect(await reasonOf(group)).toBe(failure);
    }
  });

  it("is the cause where there are errors besides", async () => {
    const controller = new AbortController();
    const reason = new Error("the user went away");
    const group = taskGroup(
      (inner) =>
        void inner.spawn(async (signal) => {
          await untilAborted(signal).catch(() => {});
          throw failure;
        }),
      { signal: controller.signal },
    );
    controller.abort(reason);
    expect(await reasonOf(group)).toMatchObject({ errors: [failure], cause: reason });
  });

  it("that has fired lets nothing begin", async () => {
    const signal = AbortSignal.abort(failure);
    let hasRun = false;
    expect(await reasonOf(taskGroup(() => (hasRun = true), { signal }))).toBe(failure);
    const group = new TaskGroup({ signal });
    expect(() => group.spawn(() => (hasRun = true))).toThrow(failure);
    expect(await reasonOf(group.join())).toBe(failure);
    expect(hasRun).toBe(false);
  });

  it("fires for a group that is over without any effect", async () => {
    const controller = new AbortController();
    let group: TaskGroup | undefined;
    await taskGroup((inner) => void (group = inner), { signal: controller.signal });
    controller.abort(failure);
    expect(group!.signal.aborted).toBe(false);
    expect(group!.cancel()).toBe(false);
  });
});

describe("timeout and deadline", () => {
  it("cancel the group, which rejects with a TimeoutError", async () => {
    vi.useFakeTimers();
    for (const limit of [() => ({ timeout: 500 }), () => ({ deadline: Date.now() + 500 })]) {
      const seen: unknown[] = [];
      const group = taskGroup(
        async (inner) => {
          inner.spawn(async (signal) => seen.push(await reasonOf(untilAborted(signal))));
          await untilAborted(inner.signal);
        },
        { ...limit(), name: "site" },
      );
      const reason = reasonOf(group);
      await vi.advanceTimersByTimeAsync(499);
      expect(seen).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      const error = await reason;
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({
        timeout: 500,
        message: "Cannot finish the group 'site' within 500 ms as 1 of its children were not done",
      });
      expect(seen).toEqual([error]);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it("leave no timer behind when the group is over before", async () => {
    vi.useFakeTimers();
    await taskGroup(() => 1, { timeout: 500 });
    await taskGroup((group) => group.cancel(), { timeout: 500 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that has passed lets nothing begin", async () => {
    let hasRun = false;
    expect(await reasonOf(taskGroup(() => (hasRun = true), { deadline: Date.now() - 1 }))).toBeInstanceOf(TimeoutError);
    expect(hasRun).toBe(false);
  });

  it("may be further away than timers reach", async () => {
    vi.useFakeTimers();
    const far = 3 * 0x7fff_ffff;
    const reason = reasonOf(taskGroup((group) => untilAborted(group.signal), { deadline: Date.now() + far }));
    let hasEnded = false;
    void reason.then(() => (hasEnded = true));
    await vi.advanceTimersByTimeAsync(far - 1);
    expect(hasEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await reason).toBeInstanceOf(TimeoutError);
  });
});

describe("grace", () => {
  it("is how long a cancelled group waits; then it names what it left behind", async () => {
    vi.useFakeTimers();
    const group = taskGroup(
      (inner) => {
        inner.spawn(() => new Promise(() => {}), { name: "stuck" });
        inner.spawn(untilAborted, { name: "willing" });
        inner.spawn(() => Promise.reject(failure));
      },
      { name: "site" },
    );
    const reason = reasonOf(group);
    let hasEnded = false;
    void reason.then(() => (hasEnded = true));
    await vi.advanceTimersByTimeAsync(4999);
    expect(hasEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    const { errors } = (await reason) as AggregateError;
    expect(errors).toHaveLength(2);
    expect(errors[0]).toBe(failure);
    expect(errors[1]).toBeInstanceOf(LeftBehindError);
    expect(errors[1]).toMatchObject({
      code: "MH_LEFT_BEHIND",
      names: ["stuck"],
      grace: 5000,
      message: "Cannot wait longer for 'stuck' as the group 'site' was cancelled 5000 ms ago",
    });
  });

  it("settles the handles of those left behind, and the group without its body", async () => {
    vi.useFakeTimers();
    let child: PromiseLike<unknown> | undefined;
    const group = taskGroup(
      async (inner) => {
        child = inner.spawn(() => new Promise(() => {}), { name: "stuck" });
        inner.cancel();
        await new Promise(() => {});
      },
      { grace: 20 },
    );
    const errors = errorsOf(group);
    await vi.advanceTimersByTimeAsync(20);
    const [error] = await errors;
    expect(error).toMatchObject({ names: ["its body", "stuck"], grace: 20 });
    expect(await reasonOf(child!)).toBe(error);
  });

  it("reports what fails after it was left behind, but not what the cancellation causes", async () => {
    vi.useFakeTimers();
    const warnings: unknown[] = [];
    const warn = vi.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(warning));
    const gate = deferred();
    const errors = errorsOf(
      taskGroup(
        (group) => {
          group.spawn(
            async () => {
              await gate.promise;
              throw failure;
            },
            { name: "late" },
          );
          group.spawn(async (signal) => {
            await gate.promise;
            throw signal.reason;
          });
          group.cancel();
        },
        { grace: 0, name: "site" },
      ),
    );
    await vi.advanceTimersByTimeAsync(1);
    expect(await errors).toHaveLength(1);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(warnings).toEqual([
      expect.stringMatching(/^'late' of the group 'site' failed after its group had left it behind: Error: no luck\n/),
    ]);
    warn.mockRestore();
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
