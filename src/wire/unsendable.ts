/** Finds the part of a value that cannot be sent, for an error that names it. Runs only after sending has failed. */
import { whyHomebound } from "../config/homebound.js";
import { SerializationError } from "../errors.js";

/** Throws when a value cannot be sent on its own. */
export type TrySend = (value: unknown) => void;

/** Turns it into a question. */
export function canSend(trySend: TrySend, value: unknown): boolean {
  try {
    trySend(value);
    return true;
  } catch {
    return false;
  }
}

/** Steps that a path has at most: a longer one helps nobody. */
const DEEPEST_PATH = 50;

interface Culprit {
  readonly path: string;
  readonly value: unknown;
  readonly cause: unknown;
}

/**
 * The error for a value that could not be sent.
 *
 * @param action - what was tried, as in `Cannot call 'hash'`
 * @param root - the name of the value, as in `args[0]` or `result`
 */
export function unsendableError(
  action: string,
  root: string,
  value: unknown,
  trySend: TrySend,
  cause: unknown,
): SerializationError {
  try {
    const culprit = findUnsendable(root, value, trySend) ?? { path: root, value, cause };
    return new SerializationError(
      `Cannot ${action} as ${culprit.path} is ${describe(culprit.value)}, which cannot be sent to or from a worker${remedy(culprit)}`,
      culprit.path,
      { cause: culprit.cause },
    );
  } catch {
    // A proxy or a getter may throw at any look.
    return new SerializationError(`Cannot ${action} as ${root} cannot be read, and so not sent`, root, { cause });
  }
}

/** The innermost part that fails on its own, or `undefined` when the whole passes. */
export function findUnsendable(root: string, value: unknown, trySend: TrySend): Culprit | undefined {
  const visited = new Set<unknown>();
  let culprit = test(root, value, trySend);
  for (let depth = 0; culprit && depth < DEEPEST_PATH && !visited.has(culprit.value); depth += 1) {
    if (typeof culprit.value === "object") visited.add(culprit.value);
    const inner = firstFailingPart(culprit, trySend, visited);
    if (!inner) return culprit;
    culprit = inner;
  }
  return culprit;
}

function firstFailingPart(outer: Culprit, trySend: TrySend, visited: Set<unknown>): Culprit | undefined {
  for (const [path, part] of partsOf(outer.path, outer.value)) {
    if (visited.has(part)) continue;
    const inner = test(path, part, trySend);
    if (inner) return inner;
  }
  return undefined;
}

function test(path: string, value: unknown, trySend: TrySend): Culprit | undefined {
  try {
    trySend(value);
    return undefined;
  } catch (cause) {
    return { path, value, cause };
  }
}

function* partsOf(path: string, value: unknown): Generator<[path: string, part: unknown]> {
  if (typeof value !== "object" || value === null || isThenable(value)) return;
  if (whyHomebound(Object.getPrototypeOf(value) as object | null) !== undefined) return;
  if (value instanceof Map) {
    let index = 0;
    for (const [key, part] of value) {
      yield [`${path}.keys()[${index}]`, key];
      yield [`${path}.get(${nameKey(key, index)})`, part];
      index += 1;
    }
    return;
  }
  if (value instanceof Set) {
    let index = 0;
    for (const part of value) yield [`${path}.values()[${index++}]`, part];
    return;
  }
  if (ArrayBuffer.isView(value)) return;
  for (const key of Object.keys(value)) {
    let part: unknown;
    try {
      part = (value as Record<string, unknown>)[key];
    } catch {
      // A getter that throws is itself the culprit: the error of sending the whole names it.
      continue;
    }
    yield [join(path, key, Array.isArray(value)), part];
  }
}

function nameKey(key: unknown, index: number): string {
  if (typeof key === "object" || typeof key === "function") return `keys()[${index}]`;
  return typeof key === "string" ? JSON.stringify(key) : String(key as number | symbol | undefined);
}

function join(path: string, key: string, isArray: boolean): string {
  if (isArray) return `${path}[${key}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** A promise or future is at fault as a whole. */
function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

function describe(value: unknown): string {
  if (typeof value === "function") return value.name ? `the function '${value.name}'` : "a function";
  if (typeof value === "symbol") return "a symbol";
  if (typeof value === "object" && value !== null) {
    const name = (Object.getPrototypeOf(value) as object | null)?.constructor?.name;
    if (name && name !== "Object" && name !== "Array") return `of type ${name}`;
    return Array.isArray(value) ? "an array" : "an object";
  }
  return `a ${typeof value}`;
}

function remedy({ value, cause }: Culprit): string {
  if (isThenable(value)) return ": await it first";
  if (typeof value === "function") return ": pass data, and let the worker hold the function";
  return cause instanceof Error ? `: ${cause.message}` : "";
}
