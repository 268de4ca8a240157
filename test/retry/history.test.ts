import { describe, expect, it } from "vitest";
import { RetryValidationError } from "../../dist/errors.js";
import { RetryHistory } from "../../dist/retry/history.js";

describe("RetryHistory", () => {
  it("becomes an error that holds each result with its refusal, and names the last", () => {
    const history = new RetryHistory();
    history.add("a", "Too short");
    history.add(undefined, "Nothing there");
    const error = history.toError("generate", 3);
    expect(error).toBeInstanceOf(RetryValidationError);
    expect(error.message).toBe(
      "Cannot return a result of 'generate' as none was acceptable in 3 attempts: Nothing there",
    );
    expect([error.attempts, error.results, error.validationErrors]).toEqual([
      3,
      ["a", undefined],
      ["Too short", "Nothing there"],
    ]);
  });

  it("says how the attempts ended", () => {
    const history = new RetryHistory();
    history.add(1, "Too small");
    expect(history.toError("run", 1, ", and time is up").message).toBe(
      "Cannot return a result of 'run' as none was acceptable in 1 attempt, and time is up: Too small",
    );
  });

  it("does not change an error that it became before", () => {
    const history = new RetryHistory();
    history.add(1, "Too small");
    const error = history.toError("run", 1);
    history.add(2, "Too large");
    expect([error.results, error.validationErrors]).toEqual([[1], ["Too small"]]);
  });

  it("keeps the last 100", () => {
    const history = new RetryHistory();
    for (let index = 0; index < 250; index += 1) history.add(index, `No ${index}`);
    const { attempts, results, validationErrors } = history.toError("run", 250);
    const last = Array.from({ length: 100 }, (_, index) => 150 + index);
    expect([attempts, results, validationErrors]).toEqual([250, last, last.map((index) => `No ${index}`)]);
  });
});
