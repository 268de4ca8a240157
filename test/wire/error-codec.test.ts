import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { CancelledError, ManyhandsError, TimeoutError, WorkerCrashedError } from "manyhands";
import { describe, expect, it } from "vitest";
import { decodeFailure, encodeFailure, type ErrorClassLookup, isError } from "../../dist/wire/error-codec.js";
import { deserialize, serialize } from "../../dist/wire/serialize.js";

const FRAME = "Hasher.hash (thread worker 0)";

type Carry = (value: unknown) => unknown;

const WIRES: readonly [string, Carry][] = [
  ["structuredClone", (value) => structuredClone(value)],
  ["v8", (value) => deserialize(serialize(value))],
];

class StatusError extends Error {
  readonly status: number;
  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
  get isServerSide(): boolean {
    return this.status >= 500;
  }
}

class NotFoundError extends StatusError {
  override name = "NotFoundError";
}

function fieldsOf(error: Error): Record<string, unknown> {
  return Object.fromEntries(Object.entries(error));
}

/** What carries a thrown value to the other side, which knows the classes given. */
function tripOver(carry: Carry): (thrown: unknown, ...known: (abstract new (...args: never[]) => object)[]) => unknown {
  const canSend = (value: unknown): boolean => {
    try {
      carry(value);
      return true;
    } catch {
      return false;
    }
  };
  return (thrown, ...known) => {
    const lookup: ErrorClassLookup = (name) => known.find((one) => one.name === name)?.prototype as object | undefined;
    return decodeFailure(carry(encodeFailure(thrown, canSend)) as ReturnType<typeof encodeFailure>, lookup, FRAME);
  };
}

describe.each(WIRES)("errors over %s", (_name, carry) => {
  const trip = tripOver(carry);
  const tripError = (...args: Parameters<typeof trip>): Error & Record<string, unknown> => {
    const revived = trip(...args);
    expect(isError(revived)).toBe(true);
    return revived as Error & Record<string, unknown>;
  };

  it.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])("revives a %o", (Built) => {
    const revived = tripError(new Built("no luck"));
    expect(revived.constructor).toBe(Built);
    expect(revived.name).toBe(Built.name);
    expect(revived.message).toBe("no luck");
    expect(Object.keys(revived)).toEqual([]);
    expect(String(revived)).toBe(`${Built.name}: no luck`);
  });

  it("leaves out of the stack who called the code that failed, where that is the library", () => {
    const frame = (at: string): string => `    at call (${at}:1:2)`;
    const [user, node] = [frame("file:///work/job.js"), frame("node:internal/timers")];
    const own = frame(new URL("../../dist/linked/library.js", import.meta.url).href);
    const sent = (...frames: string[]): string[] => {
      const error = new Error("no luck");
      error.stack = ["Error: no luck", ...frames].join("\n");
      return tripError(error).stack!.split("\n").slice(1, -1);
    };
    expect(sent(user, own, own, node)).toEqual([user]);
    expect(sent(user, own, user, own)).toEqual([user, own, user]);
    // A timer of the user's own, and an error of the library's.
    expect(sent(user, node)).toEqual([user, node]);
    expect(sent(own, node)).toEqual([own, node]);
    expect(sent()).toEqual([]);
  });

  it("keeps the stack, and adds where the call ran", () => {
    const error = new Error("no luck");
    expect(tripError(error).stack).toBe(`${error.stack}\n    at ${FRAME}`);
    delete error.stack;
    Object.defineProperty(error, "stack", { value: undefined });
    expect(tripError(error).stack).toBe(`Error: no luck\n    at ${FRAME}`);
  });

  it("revives a class that this side knows, with its methods, and without running its constructor", () => {
    const revived = tripError(new NotFoundError("gone", 504), NotFoundError);
    expect(revived).toBeInstanceOf(NotFoundError);
    expect(revived).toMatchObject({ name: "NotFoundError", message: "gone", status: 504, isServerSide: true });
  });

  it("revives the nearest class known, and keeps the name", () => {
    const nearest = tripError(new NotFoundError("gone", 404), StatusError);
    expect(nearest.constructor).toBe(StatusError);
    expect(nearest).toMatchObject({ name: "NotFoundError", status: 404 });
    class LocalRangeError extends RangeError {}
    const builtIn = tripError(new LocalRangeError("far"));
    expect(builtIn.constructor).toBe(RangeError);
  });

  it("keeps own fields, and the order they were set in", () => {
    const error = Object.assign(new Error("no luck"), {
      code: "E_LUCK",
      errno: -2,
      at: new Date(5),
      details: { list: [1n, new Map([["k", new Set([1])]])], none: undefined },
      retryable: undefined,
    });
    const revived = tripError(error);
    expect(fieldsOf(revived)).toEqual(fieldsOf(error));
    expect(Object.keys(revived)).toEqual(["code", "errno", "at", "details", "retryable"]);
  });

  it("hides what a plain error hides", () => {
    const error = new Error("no luck", { cause: 1 });
    error.name = "Renamed";
    const revived = tripError(error);
    expect(Object.keys(revived)).toEqual([]);
    expect(Object.getOwnPropertyNames(revived).toSorted()).toEqual(["cause", "message", "name", "stack"]);
  });

  it("follows chains of causes, of any class and length", () => {
    let error: Error = new NotFoundError("0", 404);
    for (let depth = 1; depth <= 200; depth += 1) error = new TypeError(String(depth), { cause: error });
    let revived: unknown = tripError(error, NotFoundError);
    for (let depth = 200; depth > 0; depth -= 1) {
      expect(revived).toBeInstanceOf(TypeError);
      expect((revived as Error).message).toBe(String(depth));
      revived = (revived as Error).cause;
    }
    expect(revived).toBeInstanceOf(NotFoundError);
    expect("cause" in (revived as Error)).toBe(false);
  });

  it.each([[undefined], [null], [0], ["text"], [{ plain: [1] }]])("keeps the cause %j, which is no error", (cause) => {
    const revived = tripError(new Error("no luck", { cause }));
    expect(Object.hasOwn(revived, "cause")).toBe(true);
    expect(revived.cause).toEqual(cause);
  });

  it("describes a cause that cannot be sent", () => {
    expect(tripError(new Error("no luck", { cause: () => {} })).cause).toBe("[function that was thrown in a worker]");
    expect(tripError(new Error("no luck", { cause: { f: () => {} } })).cause).toBe("[object Object]");
  });

  it("keeps circles and shared errors", () => {
    const inner = new NotFoundError("inner", 404);
    const outer: Error & { twin?: Error; self?: Error } = new Error("outer", { cause: inner });
    inner.cause = outer;
    outer.self = outer;
    outer.twin = inner;
    const revived = tripError(outer, NotFoundError);
    expect(revived.self).toBe(revived);
    expect(revived.twin).toBe(revived.cause);
    expect((revived.cause as Error).cause).toBe(revived);
    const [one, other] = (tripError(new AggregateError([inner, inner]), NotFoundError) as unknown as AggregateError)
      .errors as unknown[];
    expect(one).toBe(other);
  });

  it("keeps the errors of an AggregateError, nested and of any kind", () => {
    const error = new AggregateError(
      [new NotFoundError("a", 404), "text", new AggregateError([new RangeError("b")], "inner"), () => {}],
      "outer",
      { cause: new TypeError("why") },
    );
    const revived = tripError(error, NotFoundError) as unknown as AggregateError;
    expect(revived.constructor).toBe(AggregateError);
    expect(revived.message).toBe("outer");
    expect(revived.cause).toBeInstanceOf(TypeError);
    const [first, second, third, fourth] = revived.errors as [Error, string, AggregateError, string];
    expect(first).toBeInstanceOf(NotFoundError);
    expect(second).toBe("text");
    expect(third.errors).toEqual([new RangeError("b")]);
    expect(fourth).toBe("[function that was thrown in a worker]");
    expect(Object.keys(revived)).toEqual([]);
  });

  it("keeps a class that extends AggregateError", () => {
    class ManyErrors extends AggregateError {
      override name = "ManyErrors";
      readonly hint = "look";
    }
    const revived = tripError(new ManyErrors([new TypeError("a")]), ManyErrors) as unknown as ManyErrors;
    expect(revived).toBeInstanceOf(ManyErrors);
    expect(revived).toMatchObject({ name: "ManyErrors", hint: "look", errors: [new TypeError("a")] });
    expect(trip(new ManyErrors([]))).toBeInstanceOf(AggregateError);
  });

  it("keeps a field named errors of other errors", () => {
    expect(tripError(Object.assign(new Error("invalid"), { errors: ["a", "b"] })).errors).toEqual(["a", "b"]);
  });

  it("keeps a DOMException, with its code", () => {
    const revived = tripError(new DOMException("stop it", "AbortError"));
    expect(revived).toBeInstanceOf(DOMException);
    expect(revived).toMatchObject({ name: "AbortError", message: "stop it", code: DOMException.ABORT_ERR });
    expect(revived.stack).toMatch(new RegExp(`at ${FRAME.replace(/[()]/g, "\\$&")}$`));
    expect(tripError(AbortSignal.abort().reason)).toMatchObject({ name: "AbortError" });
  });

  it("keeps a class that extends DOMException, known here or not", () => {
    class Stopped extends DOMException {
      readonly by = "user";
    }
    const error = new Stopped("stop it", "AbortError");
    for (const revived of [tripError(error), tripError(error, Stopped)]) {
      expect(revived).toMatchObject({ name: "AbortError", message: "stop it", by: "user" });
    }
  });

  it("keeps an error of another realm", () => {
    const revived = tripError(runInNewContext("new RangeError('far')"));
    expect(revived.constructor).toBe(RangeError);
    expect(revived.message).toBe("far");
  });

  it("keeps a frozen error", () => {
    const error = Object.freeze(Object.assign(new RangeError("cold"), { degrees: -4 }));
    expect(tripError(error)).toMatchObject({ name: "RangeError", message: "cold", degrees: -4 });
  });

  it.each([
    [undefined],
    [null],
    ["text"],
    [42],
    [-0],
    [10n],
    [false],
    [{ code: 1, list: [new Date(0)] }],
    [[1, [2]]],
    [new Map([["error", 0]])],
    [{ error: 0 }],
  ])("keeps %o, thrown though it is no error", (thrown) => {
    expect(trip(thrown)).toEqual(thrown);
  });

  it("describes a thrown value that cannot be sent", () => {
    expect(trip(() => {})).toBe("[function that was thrown in a worker]");
    expect(trip(Symbol("s"))).toBe("[symbol that was thrown in a worker]");
    expect(trip({ f: () => {} })).toBe("[object Object]");
    expect(trip(new WeakMap())).toBe("[object WeakMap]");
  });

  it("lists the own fields that could not be sent", () => {
    const error = Object.assign(new Error("no luck"), {
      code: 1,
      socket: { write: () => {} },
      retry: () => {},
      last: 2,
    });
    expect(fieldsOf(tripError(error))).toEqual({ code: 1, last: 2, omittedFields: ["socket", "retry"] });
  });

  it("omits, and lists, a field whose getter throws", () => {
    const error = new Error("no luck");
    Object.defineProperty(error, "lazy", {
      enumerable: true,
      get() {
        throw new Error("not now");
      },
    });
    expect(fieldsOf(tripError(error))).toEqual({ omittedFields: ["lazy"] });
  });

  it.each(["name", "message", "stack", "cause"])("survives a getter of %s that throws", (key) => {
    const error = new Error("no luck");
    Object.defineProperty(error, key, {
      enumerable: false,
      get() {
        throw new Error("not now");
      },
    });
    const revived = tripError(error);
    expect(revived).toBeInstanceOf(Error);
    if (key !== "message") expect(revived.message).toBe("no luck");
    expect(revived.name).toBe("Error");
  });

  it("survives a getter of an AggregateError's errors that throws", () => {
    const error = new AggregateError([], "no luck");
    Object.defineProperty(error, "errors", {
      get() {
        throw new Error("not now");
      },
    });
    expect(tripError(error).message).toBe("no luck");
  });

  it("survives a name and a message that are no text", () => {
    const error = new Error("no luck");
    Object.assign(error, { name: Symbol("s"), message: Object.create(null) as object });
    expect(tripError(error)).toMatchObject({ name: "Symbol(s)", message: "" });
  });

  it("survives a known class whose getters need a constructed instance", () => {
    class Counted extends Error {
      readonly #count = 3;
      override get name(): string {
        return `Counted${this.#count}`;
      }
    }
    const revived = tripError(new Counted("no luck"), Counted);
    expect(revived).toBeInstanceOf(Counted);
    expect(revived).toMatchObject({ name: "Counted3", message: "no luck" });
  });

  it("defines fields instead of assigning them: `__proto__` and setters stay inert", () => {
    const error = new StatusError("no luck", 500);
    for (const key of ["__proto__", "isServerSide", "constructor", "toString"]) {
      Object.defineProperty(error, key, { value: { polluted: key }, enumerable: true });
    }
    const revived = tripError(error, StatusError);
    expect(Object.getPrototypeOf(revived)).toBe(StatusError.prototype);
    expect(Object.hasOwn(revived, "__proto__")).toBe(true);
    expect("polluted" in revived).toBe(false);
    expect(revived.isServerSide).toEqual({ polluted: "isServerSide" });
    expect("polluted" in {}).toBe(false);
  });

  it("takes no class from what every object inherits", () => {
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      const Odd = { [name]: class extends Error {} }[name]!;
      Object.defineProperty(Odd, "name", { value: name });
      expect(Object.getPrototypeOf(tripError(new Odd("odd")))).toBe(Error.prototype);
    }
  });

  it("revives our own errors, by code and by class", () => {
    const timeout = tripError(new TimeoutError("too late", 50, { cause: new RangeError("why") }));
    expect(timeout.constructor).toBe(TimeoutError);
    expect(timeout).toMatchObject({ name: "TimeoutError", code: "MH_TIMEOUT", message: "too late", timeout: 50 });
    expect(timeout.cause).toBeInstanceOf(RangeError);
    expect(ManyhandsError.is(timeout)).toBe(true);
    expect(tripError(new CancelledError("stop"))).toMatchObject({ name: "AbortError", code: "MH_CANCELLED" });
    const crash = tripError(new WorkerCrashedError("died", { reason: "signal", signal: "SIGKILL" }));
    expect(crash).toBeInstanceOf(WorkerCrashedError);
    expect(crash).toMatchObject({ reason: "signal", signal: "SIGKILL", exitCode: undefined });
  });

  it("revives a user's class that extends one of ours, known here or not", () => {
    class SlowQueryError extends TimeoutError {
      override name = "SlowQueryError";
    }
    for (const revived of [
      tripError(new SlowQueryError("slow", 5)),
      tripError(new SlowQueryError("slow", 5), SlowQueryError),
    ]) {
      expect(revived).toBeInstanceOf(TimeoutError);
      expect(revived).toMatchObject({ name: "SlowQueryError", code: "MH_TIMEOUT", timeout: 5 });
      expect(ManyhandsError.is(revived)).toBe(true);
    }
  });

  it("does not take a user's class for ours of the same name", () => {
    const Foreign = { TimeoutError: class extends Error {} }.TimeoutError;
    expect(Foreign.name).toBe("TimeoutError");
    const unknown = tripError(new Foreign("mine"));
    expect(unknown.constructor).toBe(Error);
    expect(ManyhandsError.is(unknown)).toBe(false);
    const known = tripError(new Foreign("mine"), Foreign);
    expect(known.constructor).toBe(Foreign);
    expect(ManyhandsError.is(known)).toBe(false);
  });

  it("keeps whatever plain fields an error has", () => {
    const key = fc.string().filter((name) => !["name", "message", "stack", "cause"].includes(name));
    const value = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true });
    fc.assert(
      fc.property(fc.string(), fc.dictionary(key, value), (message, fields) => {
        const error = new RangeError(message);
        for (const [name, field] of Object.entries(fields)) {
          Object.defineProperty(error, name, { value: field, enumerable: true });
        }
        const revived = tripError(error);
        expect(revived.message).toBe(message);
        expect(Object.keys(revived)).toEqual(Object.keys(error));
        for (const name of Object.keys(error)) {
          expect(Object.getOwnPropertyDescriptor(revived, name)!.value).toEqual(carry(fields[name]));
        }
      }),
    );
  });
});

describe("isError", () => {
  it("knows errors of every realm, and nothing else", () => {
    for (const error of [
      new Error("a"),
      new NotFoundError("b", 1),
      new DOMException("c"),
      runInNewContext("new Error"),
    ]) {
      expect(isError(error)).toBe(true);
    }
    for (const other of [undefined, null, "Error", { name: "Error", message: "a", stack: "" }, Error]) {
      expect(isError(other)).toBe(false);
    }
  });
});
