/** Finds the futures inside the arguments of a call, and puts their results in their place. */
import { SerializationError } from "../errors.js";
import { Future, peek, subscribe } from "./future.js";

/** State of one walk through the arguments; containers are remembered only once the walk is deep enough for a cycle. */
interface Walk {
  visited: Set<object> | undefined;
  found: Set<Future<unknown>> | undefined;
}

const REMEMBER_FROM_DEPTH = 2;

/** Deeper values can be sent, but not always read again on the other side: the stack is too small. */
const DEEPEST = 1000;

/** The distinct futures in arguments: at the top, and nested in arrays, plain objects, Maps and Sets. */
export function findFutures(args: readonly unknown[]): Set<Future<unknown>> | undefined {
  let walk: Walk | undefined;
  for (const arg of args) {
    if (typeof arg !== "object" || arg === null) continue;
    walk ??= { visited: undefined, found: undefined };
    visit(arg, walk, 0);
  }
  return walk?.found;
}

function visit(value: object, walk: Walk, depth: number): void {
  if (depth > DEEPEST) {
    throw new SerializationError(`Cannot pass an argument as it is nested more than ${DEEPEST} levels deep`, "args");
  }
  if (value instanceof Future) {
    (walk.found ??= new Set()).add(value);
    return;
  }
  const kind = containerKind(value);
  if (kind === "none") return;
  if (depth >= REMEMBER_FROM_DEPTH) {
    walk.visited ??= new Set();
    if (walk.visited.has(value)) return;
    walk.visited.add(value);
  }
  switch (kind) {
    case "array":
      for (const part of value as unknown[])
        if (typeof part === "object" && part !== null) visit(part, walk, depth + 1);
      return;
    case "object":
      for (const key in value) {
        const part = plainValue(value, key);
        if (typeof part === "object" && part !== null) visit(part, walk, depth + 1);
      }
      return;
    case "map":
      for (const [key, part] of value as Map<unknown, unknown>) {
        if (typeof key === "object" && key !== null) visit(key, walk, depth + 1);
        if (typeof part === "object" && part !== null) visit(part, walk, depth + 1);
      }
      return;
    case "set":
      for (const part of value as Set<unknown>) {
        if (typeof part === "object" && part !== null) visit(part, walk, depth + 1);
      }
  }
}

/**
 * Calls `done` with the arguments in which each future stands replaced by its result, once all have settled, or
 * `failed` with the error of the first that fails. Containers that hold a future are copied, the caller's stay as they
 * are.
 */
export function whenUnwrapped(
  args: readonly unknown[],
  futures: Set<Future<unknown>>,
  done: (args: unknown[]) => void,
  failed: (error: unknown) => void,
): void {
  let pending = futures.size;
  let hasFailed = false;
  for (const future of futures) {
    subscribe(future, () => {
      if (hasFailed) return;
      const outcome = peek(future)!;
      if (outcome.status !== "done") {
        hasFailed = true;
        failed(outcome.error);
      } else if (--pending === 0) {
        const copies = new Map<object, unknown>();
        // An argument without a future is passed as it is, however large.
        done(args.map((arg) => (findFutures([arg]) ? replaceFutures(arg, copies) : arg)));
      }
    });
  }
}

/**
 * The arguments with the results of their futures, all of which must have settled.
 * @throws the error of one that failed
 * @throws {TypeError} when one is pending
 */
export function unwrapSettled(args: readonly unknown[]): readonly unknown[] {
  const futures = findFutures(args);
  if (!futures) return args;
  for (const future of futures) {
    const outcome = peek(future);
    if (!outcome) {
      throw new TypeError(
        "Cannot pass a future to a pool that blocks as it would never settle meanwhile: await it first",
      );
    }
    subscribe(future, () => undefined);
    if (outcome.status !== "done") throw outcome.error;
  }
  return replaceFutures(args, new Map()) as unknown[];
}

function replaceFutures(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Future) {
    const outcome = peek(value)!;
    return outcome.status === "done" ? outcome.value : undefined;
  }
  const kind = containerKind(value);
  if (kind === "none") return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (!findFutures([value])) return value;
  switch (kind) {
    case "array": {
      const copy: unknown[] = [];
      copies.set(value, copy);
      for (const part of value as unknown[]) copy.push(replaceFutures(part, copies));
      return copy;
    }
    case "map": {
      const copy = new Map<unknown, unknown>();
      copies.set(value, copy);
      for (const [key, part] of value as Map<unknown, unknown>) {
        copy.set(replaceFutures(key, copies), replaceFutures(part, copies));
      }
      return copy;
    }
    case "set": {
      const copy = new Set<unknown>();
      copies.set(value, copy);
      for (const part of value as Set<unknown>) copy.add(replaceFutures(part, copies));
      return copy;
    }
    case "object": {
      const copy = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
      copies.set(value, copy);
      for (const key of Object.keys(value)) {
        const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
        if (descriptor.get) {
          Object.defineProperty(copy, key, descriptor);
          continue;
        }
        const part = replaceFutures((value as Record<string, unknown>)[key], copies);
        // Defined, not assigned: a key may be `__proto__`.
        Object.defineProperty(copy, key, { value: part, writable: true, enumerable: true, configurable: true });
      }
      return copy;
    }
  }
}

function containerKind(value: object): "array" | "object" | "map" | "set" | "none" {
  if (Array.isArray(value)) return "array";
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return "object";
  if (value instanceof Map) return "map";
  return value instanceof Set ? "set" : "none";
}

/** Reads a property, unless it is a getter that throws: sending the value will report that one by its path. */
function plainValue(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
