/** What the arguments of a call go through before it can be given to a worker: futures, then a schema. */
import { validateValue } from "../config/validate.js";
import type { StandardSchema } from "../config/standard-schema.js";
import { findFutures, whenUnwrapped } from "../future/unwrap.js";
import type { Call } from "./call.js";

/** Who goes on with a call: the pool. */
export interface PreparationOwner {
  readonly options: { readonly unwrapFutures: boolean };
  /** Something is pending: `prepared` comes later, or the call fails. */
  setAside(call: Call): void;
  /** The arguments are as the worker will have them. */
  prepared(call: Call, args: readonly unknown[]): void;
}

/** Prepares the arguments; at once, where nothing is pending. */
export function prepare(call: Call, schema: StandardSchema | undefined, owner: PreparationOwner): void {
  try {
    const futures = owner.options.unwrapFutures && !arePrimitive(call.args) ? findFutures(call.args) : undefined;
    if (!futures) {
      validate(call, call.args, schema, owner);
      return;
    }
    owner.setAside(call);
    const failed = (error: unknown): void => call.finish("failed", error);
    whenUnwrapped(call.args, futures, (args) => validateLater(call, args, schema, owner), failed);
  } catch (error) {
    call.finish("failed", error);
  }
}

function validateLater(
  call: Call,
  args: readonly unknown[],
  schema: StandardSchema | undefined,
  owner: PreparationOwner,
): void {
  try {
    validate(call, args, schema, owner);
  } catch (error) {
    call.finish("failed", error);
  }
}

function validate(
  call: Call,
  args: readonly unknown[],
  schema: StandardSchema | undefined,
  owner: PreparationOwner,
): void {
  if (!schema) {
    owner.prepared(call, args);
    return;
  }
  const valid = validateValue(schema, args, { kind: "args", name: call.label });
  if (valid instanceof Promise) {
    owner.setAside(call);
    valid.then(
      (value) => owner.prepared(call, value as unknown[]),
      (error: unknown) => call.finish("failed", error),
    );
  } else {
    owner.prepared(call, valid as unknown[]);
  }
}

/** Whether there is nothing in the arguments that would have to be looked into. */
export function arePrimitive(args: readonly unknown[]): boolean {
  for (const arg of args) if (typeof arg === "object" && arg !== null) return false;
  return true;
}
