import { hostState } from "./host-state.js";
import type { Limits } from "../limits/grant.js";
import type { WorkerIdentity } from "../wire/protocol.js";

/** Constructs a worker; a class that extends `Worker` learns its identity and its limits on the way. */
export function construct(
  target: new (...args: never[]) => object,
  args: readonly unknown[],
  identity: WorkerIdentity,
  limits: Limits,
): object {
  const outer = hostState.constructing;
  hostState.constructing = { identity, limits };
  try {
    return new target(...(args as never[]));
  } finally {
    hostState.constructing = outer;
  }
}
