/** What the arguments of a call go through before it can be given to a worker: futures, then a schema. */
import { validateValue } from "../config/validate.js";
import type { StandardSchema } from "../config/standard-schema.js";
import { findFutures, whenUnwrapped } from "../future/unwrap.js";
import type { Call } from "./call.js";

/** What is to be done. */
export interface Preparation {
  readonly unwrapFutures: boolean;
  readonly schema: StandardSchema | undefined;
  /** Something is pending: `ready` or `failed` comes later. */
  setAside(): void;
  ready(args: readonly unknown[]): void;
  failed(error: unknown): void;
}

/** Prepares the arguments; at once, where nothing is pending. */
export function prepare(call: Call, preparation: Preparation): void {
  try {
    const futures = preparation.unwrapFutures ? findFutures(call.args) : undefined;
    if (!futures) {
      validate(call, call.args, preparation);
      return;
    }
    preparation.setAside();
    whenUnwrapped(call.args, futures, (args) => validateLater(call, args, preparation), preparation.failed);
  } catch (error) {
    preparation.failed(error);
  }
}

function validateLater(call: Call, args: readonly unknown[], preparation: Preparation): void {
  try {
    validate(call, args, preparation);
  } catch (error) {
    preparation.failed(error);
  }
}

function validate(call: Call, args: readonly unknown[], preparation: Preparation): void {
  const { schema } = preparation;
  if (!schema) {
    preparation.ready(args);
    return;
  }
  const valid = validateValue(schema, args, { kind: "args", name: call.label });
  if (valid instanceof Promise) {
    preparation.setAside();
    valid.then((value) => preparation.ready(value as unknown[]), preparation.failed);
  } else {
    preparation.ready(valid as unknown[]);
  }
}
