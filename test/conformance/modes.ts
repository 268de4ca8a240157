import type { Mode } from "manyhands";

/** Every mode, with what its tests need to know. */
export const MODES: readonly Mode[] = ["sync", "async", "thread", "process", "distributed"];

/** Modes that can have more than one worker. */
export const POOL_MODES: readonly Mode[] = ["async", "thread", "process", "distributed"];

/** Modes that run functions by their source; nodes run only what their modules define. */
export const SOURCE_MODES: readonly Mode[] = ["sync", "async", "thread", "process"];

/** Modes whose workers load the module that their class is in from where this program did. */
export const SPAWNING_MODES: readonly Mode[] = ["thread", "process"];

/** Modes whose workers live elsewhere: values are copied, and a worker can be ended by force. */
export const REMOTE_MODES: readonly Mode[] = ["thread", "process", "distributed"];

/** Options of a pool that is to have its usual size: on nodes that is as large as there is room. */
export function usual(mode: Mode): { readonly mode: Mode; readonly maxWorkers?: number } {
  return mode === "distributed" ? { mode, maxWorkers: 2 } : { mode };
}
