import { CancelledError, LeftBehindError, TaskGroup, taskGroup, TimeoutError } from "manyhands";
import { afterEach, describe, expect, it, vi } from "vitest";
import { deferred, untilAborted } from "./deferred.js";
import { errorsOf, reasonOf } from "./outcomes.js";

const failure = new Error("no luck");

afterEach(() => {
  vi.useRealTimers();
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
          inner.spawn(async (signal) => seen.push(await reasonOf(untilAborted(signal))), { name: "page" });
          inner.spawn(() => 1, { name: "other" });
          await untilAborted(inner.signal);
        },
        { ...limit(), name: "site", concurrency: 1 },
      );
      const reason = reasonOf(group);
      await vi.advanceTimersByTimeAsync(499);
      expect(seen).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      const error = await reason;
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({
        timeout: 500,
        message: "Cannot finish the group 'site' within 500 ms as it still waits for 'its body', 'page' and 1 more",
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
