import { hostState } from "./host-state.js";
import type { WorkerIdentity } from "../wire/protocol.js";

/** Constructs a worker; a class that extends `Worker` learns its identity on the way. */
export function construct(
  target: new (...args: never[]) => object,
  args: readonly unknown[],
  identity: WorkerIdentity,
): object {
  const outer = hostState.constructing;
  hostState.constructing = identity;
  try {
    return new target(...(args as never[]));
  } finally {
    hostState.constructing = outer;
  }
}
