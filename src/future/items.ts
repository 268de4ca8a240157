/** The futures that are given to `gather` and its kin, and how what became of them is put together again. */
import { show } from "../config/show.js";
import { isThenable } from "./settlement.js";

/** The items of an iterable, or the values of a Map or of a plain object, and what makes the same of their results. */
export interface Items {
  readonly items: readonly unknown[];
  assemble(results: unknown[]): unknown;
}

/** @throws {TypeError} for what is not an iterable */
export function itemsOf(verb: string, futures: unknown): readonly unknown[] {
  if (isIterable(futures)) return Array.isArray(futures) ? [...(futures as unknown[])] : Array.from(futures);
  throw notItems(verb, "an iterable", futures);
}

/** @throws {TypeError} for what is neither an iterable nor an object */
export function containerOf(verb: string, futures: unknown): Items {
  if (futures instanceof Map) {
    const keys = [...futures.keys()];
    const assemble = (results: unknown[]): unknown => new Map(results.map((result, index) => [keys[index], result]));
    return { items: [...futures.values()], assemble };
  }
  if (isIterable(futures)) return { items: itemsOf(verb, futures), assemble: (results) => results };
  if (isPlain(futures)) {
    const keys = Object.keys(futures);
    const assemble = (results: unknown[]): unknown =>
      Object.fromEntries(results.map((result, index) => [keys[index]!, result]));
    return { items: keys.map((key) => futures[key]), assemble };
  }
  throw notItems(verb, "an iterable, a Map or a plain object", futures);
}

/**
 * Refuses futures given one by one instead of in an array: the second would be taken for options.
 * @throws {TypeError}
 */
export function refuseMore(verb: string, options: unknown): void {
  if (!isThenable(options)) return;
  throw new TypeError(`Cannot ${verb} futures given one by one as the second argument is for options: pass an array`);
}

function notItems(verb: string, wanted: string, value: unknown): TypeError {
  const hint = isThenable(value)
    ? ": it is a single one, which can be awaited"
    : isAsyncIterable(value)
      ? ": its items come one by one, which is for 'map' or 'for await'"
      : `: current value is ${show(value)}`;
  return new TypeError(`Cannot ${verb} the futures as they must be ${wanted} of them${hint}`);
}

/** A string is one by accident. */
function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function isAsyncIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || isThenable(value) || isAsyncIterable(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || prototype === null;
}
