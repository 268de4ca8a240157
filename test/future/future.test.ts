import { execFile } from "node:child_process";
import { inspect, promisify } from "node:util";
import { Future, type FutureStatus, type Progress, TimeoutError } from "manyhands";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type FutureSource, peek, settle, subscribe } from "../../dist/future/future.js";

class FakeSource implements FutureSource {
  readonly id = "pool:7";
  readonly label = "Hasher.hash";
  isRunning = false;
  readonly worker = { index: 2, id: "pool/3", mode: "thread", pool: "pool" };
  readonly attempts = 4;
  readonly timings = { submittedAt: 5, waited: 6, ran: 7 };
  progress: Progress | undefined = undefined;
  readonly reasons: unknown[] = [];
  readonly listeners: ((progress: Progress) => void)[] = [];

  cancel(reason: unknown): void {
    this.reasons.push(reason);
  }

  onProgress(listener: (progress: Progress) => void): void {
    this.listeners.push(listener);
  }
}

function create(): { future: Future<string>; source: FakeSource } {
  const source = new FakeSource();
  return { future: new Future<string>(source), source };
}

function settledAs(status: "done" | "failed" | "cancelled"): Future<string> {
  const { future } = create();
  settle(future, status, status === "done" ? "result" : error);
  return future;
}

const error = new Error("no luck");

afterEach(() => {
  vi.useRealTimers();
});

describe("a future", () => {
  it("tells what its source knows", () => {
    const { future, source } = create();
    source.progress = { done: 1, total: 2 };
    const { id, worker, attempts, timings, progress } = source;
    expect(future).toMatchObject({ id, worker, attempts, timings, progress });
  });

  it("tells listeners of progress", () => {
    const { future, source } = create();
    const listener = (): void => {};
    expect(future.onProgress(listener)).toBe(future);
    expect(source.listeners).toEqual([listener]);
  });

  it("tells a listener in a microtask of the last report before it", async () => {
    const { future, source } = create();
    source.progress = { done: 1, total: 2 };
    const seen: Progress[] = [];
    future.onProgress((progress) => seen.push(progress));
    expect(seen).toEqual([]);
    await Promise.resolve();
    expect(seen).toEqual([{ done: 1, total: 2 }]);
    source.listeners[0]!({ done: 2, total: 2 });
    expect(seen.map(({ done }) => done)).toEqual([1, 2]);
  });

  it("tells it of that one first when another comes at once", async () => {
    const { future, source } = create();
    source.progress = { done: 1, total: 2 };
    const seen: number[] = [];
    future.onProgress(({ done }) => seen.push(done));
    source.listeners[0]!({ done: 2, total: 2 });
    await Promise.resolve();
    expect(seen).toEqual([1, 2]);
  });

  it("goes from queued to running to one of three ends", () => {
    for (const end of ["done", "failed", "cancelled"] as const) {
      const { future, source } = create();
      const seen: FutureStatus[] = [future.status];
      source.isRunning = true;
      seen.push(future.status);
      settle(future, end, end === "done" ? "" : error);
      seen.push(future.status);
      source.isRunning = false;
      seen.push(future.status);
      expect(seen).toEqual(["queued", "running", end, end]);
      subscribe(future, () => {});
    }
  });

  it("is settled once (F1)", async () => {
    const { future } = create();
    expect(peek(future)).toBeUndefined();
    expect(settle(future, "done", "first")).toBe(true);
    expect(settle(future, "done", "second")).toBe(false);
    expect(settle(future, "failed", error)).toBe(false);
    expect(peek(future)).toEqual({ status: "done", value: "first" });
    expect(await future).toBe("first");
  });

  it("shows itself by label and status", () => {
    const { future } = create();
    expect(inspect(future)).toBe("Future { Hasher.hash, queued }");
    expect(Object.prototype.toString.call(future)).toBe("[object Future]");
  });
});

// Each case looks at the outcome before it is there, and after.
describe.each([
  ["before", true],
  ["after", false],
])("looked at %s it is settled, a future", (_when, isEarly) => {
  function ending(status: "done" | "failed" | "cancelled"): { future: Future<string>; end: () => void } {
    if (!isEarly) return { future: settledAs(status), end: () => {} };
    const { future } = create();
    return {
      future,
      end: () => settle(future, status, status === "done" ? "result" : error),
    };
  }

  it("fulfils what `then`, `finally`, `result` and `exception` return", async () => {
    const { future, end } = ending("done");
    const all = Promise.all([
      future,
      future.then((value) => `${value}!`),
      future.then(null, () => "never"),
      future.catch(() => "never"),
      future.finally(() => {}),
      future.result(),
      future.result({ timeout: 10_000 }),
      future.exception(),
    ]);
    end();
    const result = "result";
    expect(await all).toEqual([result, "result!", result, result, result, result, result, undefined]);
  });

  it.each(["failed", "cancelled"] as const)("rejects what they return when it %s", async (status) => {
    const { future, end } = ending(status);
    const all = Promise.allSettled([
      future,
      future.then(() => "never"),
      future.finally(() => {}),
      future.result(),
      future.result({ timeout: 10_000 }),
    ]);
    const handled = Promise.all([
      future.then(
        () => "never",
        (reason: unknown) => reason,
      ),
      future.catch((reason: unknown) => reason),
      future.exception(),
    ]);
    end();
    expect(await all).toEqual(Array.from({ length: 5 }, () => ({ status: "rejected", reason: error })));
    expect(await handled).toEqual([error, error, error]);
  });

  it("runs handlers in microtasks, in the order they were given (F2)", async () => {
    const { future, end } = ending("done");
    const order: string[] = [];
    void future.then(() => order.push("then 1"));
    void future.finally(() => order.push("finally"));
    void future.then(() => order.push("then 2"));
    end();
    order.push("sync");
    await future;
    await Promise.resolve();
    expect(order).toEqual(["sync", "then 1", "finally", "then 2"]);
  });

  it("tells listeners of `onSettled` in a microtask, each on its own", async () => {
    const { future, end } = ending("failed");
    const seen: unknown[] = [];
    expect(future.onSettled((settled) => seen.push(settled, settled.status))).toBe(future);
    future.onSettled(() => seen.push("second"));
    end();
    expect(seen).toEqual([]);
    await Promise.resolve();
    expect(seen).toEqual([future, "failed", "second"]);
  });

  it("tells subscribers at once, in order", () => {
    const { future, end } = ending("done");
    const seen: unknown[] = [];
    for (const name of ["first", "second", "third"]) subscribe(future, (settled) => seen.push(name, settled));
    end();
    expect(seen).toEqual(["first", future, "second", future, "third", future]);
  });
});

describe("cancel", () => {
  it("asks the source, with the reason, and tells whether there was something to cancel", () => {
    const { future, source } = create();
    expect(future.cancel()).toBe(true);
    expect(future.cancel("enough")).toBe(true);
    expect(source.reasons).toEqual([undefined, "enough"]);
    settle(future, "cancelled", error);
    expect(future.cancel()).toBe(false);
    expect(source.reasons).toHaveLength(2);
  });
});

describe("result with a timeout", () => {
  it("rejects when the time is over; the call goes on", async () => {
    vi.useFakeTimers();
    const { future, source } = create();
    const result = future.result({ timeout: 50 });
    const outcome = result.catch((reason: unknown) => reason);
    await vi.advanceTimersByTimeAsync(49);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    const timeout = (await outcome) as TimeoutError;
    expect(timeout).toBeInstanceOf(TimeoutError);
    expect(timeout).toMatchObject({
      code: "MH_TIMEOUT",
      timeout: 50,
      message: "Cannot return the result of Hasher.hash as it did not arrive within 50 ms",
    });
    expect(source.reasons).toEqual([]);
    expect(future.status).toBe("queued");
    settle(future, "done", "late");
    expect(await future.result({ timeout: 50 })).toBe("late");
  });

  it.each(["done", "failed"] as const)("leaves no timer behind when it is %s in time", async (status) => {
    vi.useFakeTimers();
    const { future } = create();
    const outcome = future.result({ timeout: 50 }).catch((reason: unknown) => reason);
    settle(future, status, status === "done" ? "in time" : error);
    expect(await outcome).toBe(status === "done" ? "in time" : error);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives a result that is there, whatever the timeout", async () => {
    expect(await settledAs("done").result({ timeout: 0 })).toBe("result");
  });

  // A timer of Node.js would fire after 1 ms.
  it.each([Number.POSITIVE_INFINITY, 2 ** 31, Number.NaN, -1])(
    "refuses %s, as the option of a pool is",
    async (timeout) => {
      const { future } = create();
      const outcome = future.result({ timeout }).catch((reason: unknown) => reason);
      expect(await outcome).toBeInstanceOf(RangeError);
      expect(((await outcome) as Error).message).toContain(`current value is ${timeout}`);
    },
  );
});

describe("a failure that nobody looked at (F3)", () => {
  const url = new URL("../../dist/future/future.js", import.meta.url).href;

  /** Runs code in a process of its own, with a failed future `failed` and one `cancelled`; returns what it wrote. */
  async function run(code: string): Promise<{ stdout: string; stderr: string }> {
    const program = `
      import { Future, settle, subscribe } from ${JSON.stringify(url)};
      const make = (id, status) => {
        const future = new Future({ id, label: "Hasher.hash" });
        settle(future, status, new Error("no luck " + id));
        return future;
      };
      process.on("unhandledRejection", (error) => console.log("unhandled:", error.message));
      ${code}`;
    const args = ["--expose-gc", "--input-type=module", "--eval", program];
    return promisify(execFile)(process.execPath, args, { timeout: 15_000 });
  }

  it("is told once when the process ends, with its stack, and does not crash it", async () => {
    const { stdout, stderr } = await run(`globalThis.kept = make("a:1", "failed");`);
    expect(stdout).toBe("");
    expect(stderr).toContain("Nobody looked at the error of Hasher.hash (a:1): Error: no luck a:1\n    at ");
    expect(stderr.match(/Nobody looked/g)).toHaveLength(1);
  });

  it("is told when the future is collected", async () => {
    const { stdout, stderr } = await run(`
      const warned = new Promise((resolve) => process.once("warning", resolve));
      make("a:1", "failed");
      const collecting = setInterval(() => gc(), 1);
      const warning = await warned;
      clearInterval(collecting);
      console.log(warning.name, warning.code, warning.message.split("\\n")[0]);`);
    expect(stdout.trim()).toBe(
      "UnobservedErrorWarning MH_UNOBSERVED Nobody looked at the error of Hasher.hash (a:1): Error: no luck a:1",
    );
    expect(stderr.match(/Nobody looked/g)).toHaveLength(1);
  });

  it("is not told of futures that were looked at, in any way, before or after, nor of cancelled ones", async () => {
    const { stdout, stderr } = await run(`
      globalThis.kept = [make("a:0", "cancelled")];
      const ways = [
        (future) => future.catch(() => {}),
        (future) => future.then(() => {}, () => {}),
        (future) => future.exception(),
        (future) => future.onSettled(() => {}),
        (future) => subscribe(future, () => {}),
        (future) => future.result({ timeout: 5 }).catch(() => {}),
      ];
      for (const look of ways) {
        kept.push(make("b", "failed"));
        look(kept.at(-1));
        const early = new Future({ id: "c", label: "Hasher.hash" });
        kept.push(early);
        look(early);
        settle(early, "failed", new Error("no luck c"));
      }`);
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "" });
  });

  it("is an unhandled rejection when somebody looked and did not handle it", async () => {
    const { stdout, stderr } = await run(`globalThis.kept = make("a:1", "failed"); void kept.then(() => {});`);
    expect({ stdout, stderr }).toEqual({ stdout: "unhandled: no luck a:1\n", stderr: "" });
  });

  it("tells ten at most, and how many more there are", async () => {
    const { stderr } = await run(`
      globalThis.kept = Array.from({ length: 13 }, (_, id) => make("a:" + id, "failed"));`);
    expect(stderr.match(/Nobody looked/g)).toHaveLength(10);
    expect(stderr).toContain("3 more errors nobody looked at");
  });
});
