import { readFileSync } from "node:fs";
import * as publicExports from "manyhands";
import { ManyhandsError } from "manyhands";
import { describe, expect, it } from "vitest";
import * as errors from "../dist/errors.js";

type ErrorClass = new (message: string, details: object, options?: ErrorOptions) => ManyhandsError;

const { ERROR_CLASSES } = errors;
const codes = Object.keys(ERROR_CLASSES);
const entries = Object.entries(ERROR_CLASSES) as unknown as [code: string, errorClass: ErrorClass][];

/** Each class that the module exports, but for the base of all. */
const classes = (Object.values(errors) as unknown[]).filter(
  (value): value is ErrorClass => typeof value === "function" && value.prototype instanceof ManyhandsError,
);

/** Where a class takes more than a message, an object serves as well. */
function create(errorClass: ErrorClass): ManyhandsError {
  return new errorClass("no luck", { reason: "exit" });
}

describe("ERROR_CLASSES", () => {
  it("holds every class of src/errors.ts, and no other", () => {
    expect(classes.length).toBeGreaterThan(5);
    expect(new Set(entries.map(([, errorClass]) => errorClass))).toEqual(new Set(classes));
    expect(entries).toHaveLength(classes.length);
  });

  it.each(entries)("holds under %s the class that carries it", (code, errorClass) => {
    expect(code).toMatch(/^MH_[A-Z]+(_[A-Z]+)*$/);
    expect(create(errorClass).code).toBe(code);
  });

  it("is sorted", () => {
    expect(codes).toEqual(codes.toSorted());
  });

  it("holds what the package exports", () => {
    for (const errorClass of [ManyhandsError, ...classes])
      expect(publicExports).toHaveProperty(errorClass.name, errorClass);
  });
});

describe.each(entries)("%s", (_code, errorClass) => {
  it("is one of ours, with message, name and stack", () => {
    const error = create(errorClass);
    expect(error).toBeInstanceOf(ManyhandsError);
    expect(ManyhandsError.is(error)).toBe(true);
    expect(error.message).toBe("no luck");
    expect(error.name).toBe(errorClass.name === "CancelledError" ? "AbortError" : errorClass.name);
    expect(error.stack).toMatch(/^[A-Za-z]*Error.*no luck\n +at /);
  });

  it("takes a cause, and has none unless given", () => {
    const cause = new RangeError("why");
    const withDetails =
      errorClass.length > 1 &&
      [
        "BatchRefusedError",
        "BatchStoppedError",
        "BudgetExceededError",
        "InvalidSqlError",
        "LeftBehindError",
        "ModelError",
        "RetryValidationError",
        "SerializationError",
        "TimeoutError",
        "ValidationError",
        "WorkerCrashedError",
      ].includes(errorClass.name);
    const error = withDetails ? new errorClass("no luck", {}, { cause }) : new errorClass("no luck", { cause });
    expect(error.cause).toBe(cause);
    expect(Object.hasOwn(create(errorClass), "cause")).toBe(false);
  });
});

describe("ManyhandsError.is", () => {
  it("knows an error of another copy of the library by its brand", () => {
    const foreign = Object.defineProperty(new Error("no luck"), Symbol.for("manyhands.error"), { value: true });
    expect(ManyhandsError.is(foreign)).toBe(true);
  });

  it.each([[new Error("e")], [{ code: "MH_TIMEOUT", name: "TimeoutError" }], [null], [undefined], ["MH_TIMEOUT"]])(
    "does not take %o for one",
    (value) => {
      expect(ManyhandsError.is(value)).toBe(false);
    },
  );

  it("keeps the brand out of sight", () => {
    expect(Object.getOwnPropertySymbols(Object.assign({}, new errors.TimeoutError("late", 5)))).toEqual([]);
  });
});

describe("docs/errors.md", () => {
  it("lists each code once, and no other", () => {
    const text = readFileSync(new URL("../docs/errors.md", import.meta.url), "utf8");
    const listed = text
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .flatMap((line) => line.split("|")[1]!.match(/MH_\w+/g) ?? []);
    expect(listed.toSorted()).toEqual(codes);
  });
});
