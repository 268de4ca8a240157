/** What this thread knows of itself as a host; all empty in the main program. */
import { processWide } from "../config/process-wide.js";
import { DefinitionError } from "../errors.js";
import type { Limits } from "../limits/grant.js";
import type { WorkerIdentity } from "../wire/protocol.js";

interface HostState {
  /** Hosts around this code: 0 in the main program. */
  depth: number;
  /** The module that is being loaded in order to find a worker in it. */
  loading: string | undefined;
  /** Which worker is being constructed, and its limits: `Worker` reads it. */
  constructing: { readonly identity: WorkerIdentity; readonly limits: Limits } | undefined;
}

export const hostState = processWide<HostState>("host-state", () => ({
  depth: 0,
  loading: undefined,
  constructing: undefined,
}));

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

/** Pools may nest; this deep they only do when hosts start pools that start hosts without end. */
const MAX_DEPTH = 8;

/**
 * Keeps main code from running again, and again, in the hosts it starts.
 * @throws {DefinitionError} while a host is loading modules, or too deep inside other hosts
 */
export function assertMayStartPool(name: string): void {
  if (hostState.loading !== undefined) {
    throw new DefinitionError(
      `Cannot start a pool of '${name}' as a worker is just loading ${hostState.loading}, which must not start pools ` +
        "while it loads: move the worker class into a module of its own, without code that uses it",
    );
  }
  if (hostState.depth >= MAX_DEPTH) {
    throw new DefinitionError(
      `Cannot start a pool of '${name}' as it would be inside ${hostState.depth} other workers: move the worker class ` +
        "into a module of its own, without code that uses it",
    );
  }
}
