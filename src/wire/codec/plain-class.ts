/**
 * Which objects are made of their own fields alone.
 *
 * Structured clone makes a plain object of an instance of a class, unless there is more to it: a `Map`, an error, a
 * `Blob`. Whether there is cannot be seen from outside, but a clone shows it, and it is the same for all instances.
 */
import { types } from "node:util";
import { whyHomebound } from "../../config/homebound.js";

const sourceOf = Function.prototype.toString;

/** By prototype; what is missing is not known yet. */
const known = new WeakMap<object, boolean>();

/** Whether a clone of an object with this prototype is a plain object of its fields. */
export function isPlainInstance(value: object, prototype: object): boolean {
  let isPlain = known.get(prototype);
  if (isPlain === undefined) {
    isPlain =
      isMadeByUser(prototype) &&
      whyHomebound(prototype) === undefined &&
      Object.getPrototypeOf(structuredClone(value)) === Object.prototype;
    known.set(prototype, isPlain);
  }
  return isPlain;
}

/**
 * No class of the language among its ancestors: of a prototype that inherits from `Error.prototype` there can be objects
 * that are errors, and others.
 */
function isMadeByUser(prototype: object): boolean {
  let parent: object | null = prototype;
  while (parent !== null) {
    if (types.isProxy(parent)) return false;
    const above = Object.getPrototypeOf(parent) as object | null;
    const descriptor = Object.getOwnPropertyDescriptor(parent, "constructor");
    const maker: unknown = descriptor?.value;
    if (above === null) return descriptor === undefined || isObjectFunction(maker);
    if (descriptor !== undefined && (typeof maker !== "function" || isNative(maker))) return false;
    parent = above;
  }
  return true;
}

/** `Object` of this realm or of another. */
function isObjectFunction(maker: unknown): boolean {
  return typeof maker === "function" && maker.name === "Object";
}

function isNative(maker: object): boolean {
  return sourceOf.call(maker).endsWith("{ [native code] }");
}
