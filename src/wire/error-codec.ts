/**
 * How an error crosses from one thread or process to another and stays itself.
 *
 * Structured clone keeps message, stack and cause, and turns every class into the nearest built-in one. Here an error
 * becomes plain data (class names, own fields, causes, aggregated errors) and is revived as an instance of the class
 * that the receiving side knows by that name. Errors that refer to each other in a circle are kept in a list and refer
 * by index.
 */
import { types } from "node:util";
import { ERROR_CLASSES, ManyhandsError } from "../errors.js";
import { withoutOwnFrames } from "./own-frames.js";

/** A thrown value as plain data. */
export interface WireFailure {
  readonly root: WireReference;
  readonly errors: WireError[];
}

type WireReference = { readonly error: number } | { readonly value: unknown };

interface WireError {
  /** Constructor names from the most derived up, as far as `Error`. */
  classes: string[];
  name: string;
  message: string;
  stack: string | undefined;
  fields: [name: string, value: WireReference][];
  /** Own fields that could not be sent. */
  omitted: string[];
  cause: WireReference | undefined;
  errors: WireReference[] | undefined;
}

/** Maps the name of an error class to its prototype, for the classes that the user's code defines. */
export type ErrorClassLookup = (name: string) => object | undefined;

/** Encodes a thrown value; `canSend` tells which field values may go along. */
export function encodeFailure(thrown: unknown, canSend: (value: unknown) => boolean): WireFailure {
  try {
    return encode(thrown, canSend);
  } catch {
    // A proxy, say: it may throw at any look.
    return { root: { value: "[something thrown that cannot be read]" }, errors: [] };
  }
}

function encode(thrown: unknown, canSend: (value: unknown) => boolean): WireFailure {
  const errors: WireError[] = [];
  const indexes = new Map<object, number>();

  const refer = (value: unknown): WireReference => {
    if (!isError(value)) return { value: canSend(value) ? value : describeUnsendable(value) };
    const known = indexes.get(value);
    if (known !== undefined) return { error: known };
    const index = errors.length;
    indexes.set(value, index);
    const wire: WireError = {
      classes: classNames(value),
      name: read(value, "name"),
      message: read(value, "message"),
      stack: attempt(() => (typeof value.stack === "string" ? withoutOwnFrames(value.stack) : undefined)),
      fields: [],
      omitted: [],
      cause: undefined,
      errors: undefined,
    };
    errors.push(wire);
    if (Object.hasOwn(value, "cause")) {
      try {
        wire.cause = refer(value.cause);
      } catch {
        wire.omitted.push("cause");
      }
    }
    let aggregated: unknown;
    try {
      aggregated = value instanceof AggregateError ? value.errors : undefined;
    } catch {
      wire.omitted.push("errors");
    }
    if (Array.isArray(aggregated)) wire.errors = aggregated.map(refer);
    for (const key of Object.keys(value)) {
      if (key === "cause" || key === "stack" || key === "message" || key === "name") continue;
      if (key === "errors" && aggregated) continue;
      let field: unknown;
      try {
        field = withoutHostObjects((value as unknown as Record<string, unknown>)[key]);
      } catch {
        wire.omitted.push(key);
        continue;
      }
      if (isError(field) || canSend(field)) wire.fields.push([key, refer(field)]);
      else wire.omitted.push(key);
    }
    return { error: index };
  };

  return { root: refer(thrown), errors };
}

/**
 * Revives a thrown value.
 *
 * @param frame - a last stack line that says where the call ran, as in `Hasher.hash (thread worker 0)`
 */
export function decodeFailure(failure: WireFailure, lookup: ErrorClassLookup, frame: string): unknown {
  const revived = failure.errors.map((wire) => instantiate(wire, lookup));
  const resolve = (reference: WireReference): unknown =>
    "error" in reference ? revived[reference.error] : reference.value;
  for (const [index, wire] of failure.errors.entries()) fill(revived[index]!, wire, resolve, frame);
  return resolve(failure.root);
}

/** Headers and responses of `fetch` would arrive empty, and with them what a server says of when to come back. */
function withoutHostObjects(field: unknown): unknown {
  if (field instanceof Headers) return Object.fromEntries(field);
  if (!(field instanceof Response)) return field;
  const { status, statusText, url, headers } = field;
  return { status, statusText, url, headers: Object.fromEntries(headers) };
}

/** Whether a value is an error of any realm. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || attempt(() => value instanceof Error) === true;
}

const BUILT_IN: Readonly<Record<string, object>> = Object.fromEntries(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError].map((builtIn) => [
    builtIn.name,
    builtIn.prototype as object,
  ]),
);

/** Marks the names of our own classes, which a user's class may share. */
const OWN = "manyhands:";
let ownByName: ReadonlyMap<string, object> | undefined;

function ownPrototype(name: string): object | undefined {
  ownByName ??= new Map(
    [...Object.values(ERROR_CLASSES), ManyhandsError].map(({ name, prototype }) => [OWN + name, prototype]),
  );
  return ownByName.get(name);
}

function instantiate(wire: WireError, lookup: ErrorClassLookup): Error {
  if (wire.classes[0] === "DOMException") return new DOMException(wire.message, wire.name);
  const error = new Error(wire.message);
  for (const name of wire.classes) {
    const prototype = ownPrototype(name) ?? lookup(name) ?? (Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : null);
    if (!prototype) continue;
    if (prototype !== Error.prototype) Object.setPrototypeOf(error, prototype);
    if (error instanceof ManyhandsError) Object.defineProperty(error, Symbol.for("manyhands.error"), { value: true });
    break;
  }
  return error;
}

function fill(error: Error, wire: WireError, resolve: (reference: WireReference) => unknown, frame: string): void {
  const hidden = (name: string, value: unknown): void => {
    Object.defineProperty(error, name, { value, writable: true, configurable: true, enumerable: false });
  };
  if (attempt(() => error.name) !== wire.name) hidden("name", wire.name);
  hidden("stack", `${wire.stack ?? `${wire.name}: ${wire.message}`}\n    at ${frame}`);
  if (wire.cause) hidden("cause", resolve(wire.cause));
  if (wire.errors) hidden("errors", wire.errors.map(resolve));
  const fields = wire.omitted.length > 0 ? [...wire.fields, omittedField(wire)] : wire.fields;
  for (const [name, reference] of fields) {
    // Defined, not assigned: a class may have a getter of that name, and `__proto__` must stay inert.
    Object.defineProperty(error, name, {
      value: resolve(reference),
      writable: true,
      configurable: true,
      enumerable: true,
    });
  }
}

/** Says which fields stayed behind as they could not be sent, so that nothing is lost without a word. */
function omittedField(wire: WireError): [string, WireReference] {
  return ["omittedFields", { value: wire.omitted }];
}

function classNames(error: Error): string[] {
  const names: string[] = [];
  const prefix = ManyhandsError.is(error) ? OWN : "";
  for (
    let prototype = Object.getPrototypeOf(error) as object | null;
    prototype && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    const constructor: unknown = Object.hasOwn(prototype, "constructor") ? prototype.constructor : undefined;
    if (typeof constructor !== "function" || constructor.name === "") continue;
    if (prefix && ownPrototype(OWN + constructor.name)) names.push(OWN + constructor.name);
    else names.push(constructor.name);
  }
  return names;
}

function read(error: Error, key: "name" | "message"): string {
  try {
    return String(error[key]);
  } catch {
    return key === "name" ? "Error" : "";
  }
}

/** Reads from an error that may have getters, and those may throw. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function describeUnsendable(value: unknown): unknown {
  return typeof value === "function" || typeof value === "symbol"
    ? `[${typeof value} that was thrown in a worker]`
    : Object.prototype.toString.call(value);
}
