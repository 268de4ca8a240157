import { currentCaller } from "../limits/holdings.js";
import { currentScope } from "./current-scope.js";

/**
 * The signals of the call and of the task group that the running code is in: what it waits for ends when one of them
 * fires. One may have fired already.
 */
export function surroundingSignals(): readonly AbortSignal[] {
  const call = currentCaller()?.signal;
  const scope = currentScope()?.signal;
  if (!call) return scope ? [scope] : NONE;
  return scope ? [call, scope] : [call];
}

const NONE: readonly AbortSignal[] = Object.freeze([]);
