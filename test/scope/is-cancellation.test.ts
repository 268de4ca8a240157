import { describe, expect, it } from "vitest";
import { isCancellation } from "../../dist/scope/is-cancellation.js";

const reason = new Error("enough");
const other = new Error("other");

/** An error that is its own cause. */
function circle(): Error {
  const error = new Error("round");
  error.cause = error;
  return error;
}

/** Two errors, each of which holds the other. */
function mutual(): AggregateError {
  const first = new AggregateError([], "first");
  const second = new AggregateError([first], "second");
  first.errors.push(second);
  return first;
}

describe("isCancellation", () => {
  it.each<[string, unknown]>([
    ["the reason", reason],
    ["an AbortError", new DOMException("stopped", "AbortError")],
    ["an error that the reason caused", new Error("Cannot fetch", { cause: reason })],
    ["one further down", new Error("Cannot load", { cause: new Error("Cannot fetch", { cause: reason }) })],
    ["an AggregateError of nothing else", new AggregateError([reason, new Error("x", { cause: reason })])],
  ])("takes %s for one", (_what, error) => {
    expect(isCancellation(error, reason)).toBe(true);
  });

  it.each<[string, unknown]>([
    ["another error", other],
    [
      "an error that an AbortError of somebody else caused",
      new Error("x", { cause: new DOMException("x", "AbortError") }),
    ],
    ["a TimeoutError", new DOMException("late", "TimeoutError")],
    ["an AggregateError that holds another", new AggregateError([reason, other])],
    ["an AggregateError that the reason caused", new AggregateError([other], "x", { cause: reason })],
    ["an empty AggregateError", new AggregateError([])],
    ["an error without a cause, where there is no reason", new Error("x", { cause: undefined })],
    ["a circle", circle()],
    ["two errors that hold each other", mutual()],
    ["a string", "enough"],
    ["null", null],
  ])("does not take %s for one", (_what, error) => {
    expect(isCancellation(error, reason)).toBe(false);
  });

  it("knows a reason that is no error", () => {
    expect(isCancellation("stop", "stop")).toBe(true);
    expect(isCancellation(undefined, "stop")).toBe(false);
  });
});
