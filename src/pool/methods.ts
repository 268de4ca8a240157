/** Reads from a class which methods a pool of it has. */
import { DefinitionError } from "../errors.js";
import { checkNames, type MethodInfo, type MethodOptions } from "./method-plan.js";

/** Members that every pool has; a worker class cannot have a method of such a name. */
export const RESERVED_MEMBERS = [
  "broadcast",
  "drain",
  "on",
  "ready",
  "resize",
  "room",
  "stats",
  "stop",
  "then",
  "with",
  "workers",
] as const;

/** The name of a member that every pool has. */
export type ReservedMember = (typeof RESERVED_MEMBERS)[number];

const GENERATORS: readonly string[] = ["AsyncGeneratorFunction", "GeneratorFunction"];

/**
 * The methods of a class and of those it extends, up to `base`, in an order that is the same wherever the class is
 * loaded. Accessors, symbols and private methods are none.
 *
 * @throws {DefinitionError} when one has a reserved name, or `options` name one that does not exist
 */
export function methodsOf(
  target: abstract new (...args: never[]) => object,
  base: object,
  options: Readonly<Record<string, MethodOptions>>,
): MethodInfo[] {
  const found = new Map<string, boolean>();
  for (
    let prototype = target.prototype as object | null;
    prototype && prototype !== Object.prototype && prototype !== base;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === "constructor" || typeof value !== "function" || found.has(name)) continue;
      found.set(name, options[name]?.stream ?? GENERATORS.includes((value as object).constructor.name));
    }
  }
  for (const name of RESERVED_MEMBERS) {
    if (!found.has(name)) continue;
    throw new DefinitionError(`Cannot define '${target.name}' as every pool has a member '${name}': rename the method`);
  }
  const names = [...found.keys()].toSorted();
  const methods = names.map((name, index) => ({ index, name, isStream: found.get(name)! }));
  checkNames(target.name, methods, Object.keys(options));
  return methods;
}
