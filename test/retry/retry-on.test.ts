import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CancelledError,
  ManyhandsError,
  PoolFullError,
  PoolStoppedError,
  SerializationError,
  TimeoutError,
  WorkerCrashedError,
} from "../../dist/errors.js";
import type { RetryContext } from "../../dist/retry/backoff.js";
import { isRetryable, type RetryOn } from "../../dist/retry/retry-on.js";

class ConnectionError extends Error {}
class ResetError extends ConnectionError {}

const crashed = new WorkerCrashedError("Worker 0 exited", { reason: "exit" });
const neverRetried = [new CancelledError("cancelled"), new PoolStoppedError("stopped")];
const ours = [crashed, new TimeoutError("late", 5), new PoolFullError("full"), new SerializationError("no", "args[0]")];

const contextOf = (error: unknown): RetryContext => ({ error, attempt: 2, elapsed: 30, method: "run", args: [1] });
const retries = (error: unknown, ...on: RetryOn[]): boolean => isRetryable(contextOf(error), on);

describe("isRetryable", () => {
  it("retries by default whatever a method throws", () => {
    for (const error of [new Error("e"), new ConnectionError("e"), new DOMException("e"), "text", 0, null, undefined])
      expect(isRetryable(contextOf(error), undefined)).toBe(true);
  });

  it.each([...ours, ...neverRetried])("does not retry by default an error of the library: %s", (error) => {
    expect(isRetryable(contextOf(error), undefined)).toBe(false);
  });

  it("does not retry by default an error of another copy of the library", () => {
    const foreign = Object.defineProperty(new Error("e"), Symbol.for("manyhands.error"), { value: true });
    expect(isRetryable(contextOf(foreign), undefined)).toBe(false);
  });

  it("retries nothing when the list is empty", () => {
    expect(retries(new Error("e"))).toBe(false);
  });

  it("matches a class and those derived from it", () => {
    expect(retries(new ResetError("e"), ConnectionError)).toBe(true);
    expect(retries(new ConnectionError("e"), ResetError)).toBe(false);
    expect(retries(new Error("e"), Error)).toBe(true);
    expect(retries(new DOMException("e"), DOMException)).toBe(true);
    expect(retries("text", Error)).toBe(false);
  });

  it("matches an error of the library when its class, or their base, is listed", () => {
    for (const error of ours) {
      expect(retries(error, error.constructor as typeof PoolFullError)).toBe(true);
      expect(retries(error, ManyhandsError)).toBe(true);
    }
    expect(retries(new TimeoutError("late", 5), WorkerCrashedError)).toBe(false);
  });

  it("does not take Error for an error of the library", () => {
    expect(retries(crashed, Error)).toBe(false);
    expect(retries(crashed, Error, WorkerCrashedError)).toBe(true);
  });

  it("asks a predicate about errors of the library too", () => {
    expect(retries(crashed, ({ error }) => error === crashed)).toBe(true);
  });

  it.each(neverRetried)("never retries %s, listed or not", (error) => {
    expect(retries(error, error.constructor as typeof CancelledError, ManyhandsError, () => true)).toBe(false);
  });

  it("shows a predicate the whole context", () => {
    const seen: unknown[] = [];
    const error = new Error("e");
    retries(error, (context) => seen.push(context) === 1);
    expect(seen).toEqual([{ error, attempt: 2, elapsed: 30, method: "run", args: [1] }]);
  });

  it("matches when one of the list does, whatever the order, and asks no further", () => {
    const entry = fc.constantFrom("class", "other class", "yes", "no");
    fc.assert(
      fc.property(fc.array(entry), (names) => {
        let asked = 0;
        const on = names.map((name): RetryOn => {
          if (name.endsWith("class")) return name === "class" ? ConnectionError : TypeError;
          return () => {
            asked += 1;
            return name === "yes";
          };
        });
        const matching = names.findIndex((name) => name === "class" || name === "yes");
        expect(retries(new ResetError("e"), ...on)).toBe(matching >= 0);
        const seen = matching < 0 ? names : names.slice(0, matching + 1);
        expect(asked).toBe(seen.filter((name) => name === "yes" || name === "no").length);
      }),
    );
  });

  it("lets out what a predicate throws", () => {
    const bug = new Error("bug");
    const buggy = (): boolean => {
      throw bug;
    };
    expect(() => retries(new Error("e"), buggy)).toThrow(bug);
  });

  it.each([
    [Promise.resolve(false), "a promise"],
    [1, "1"],
    [undefined, "undefined"],
  ])("refuses %o as the answer of a predicate", (answer, shown) => {
    expect(() => retries(new Error("e"), () => answer as unknown as boolean)).toThrow(
      new TypeError(
        `Cannot decide on a retry of 'run' as a predicate of 'on' must return a boolean: current value is ${shown}`,
      ),
    );
  });
});
