import type { Mode } from "manyhands";

/** The suite runs once more for the modes that can go without the fast path (`vitest.port.config.ts`), and for no others. */
const WITHOUT_FAST_PATH: readonly Mode[] = ["thread", "process"];

function tested(...modes: readonly Mode[]): readonly Mode[] {
  if (process.env.MANYHANDS_TEST_TRANSPORT !== "port") return modes;
  return modes.filter((mode) => WITHOUT_FAST_PATH.includes(mode));
}

/** Every mode, with what its tests need to know. */
export const MODES: readonly Mode[] = tested("sync", "async", "thread", "process", "distributed");

/** Modes that can have more than one worker. */
export const POOL_MODES: readonly Mode[] = tested("async", "thread", "process", "distributed");

/** Modes that run functions by their source; nodes run only what their modules define. */
export const SOURCE_MODES: readonly Mode[] = tested("sync", "async", "thread", "process");

/** Modes whose workers load the module that their class is in from where this program did. */
export const SPAWNING_MODES: readonly Mode[] = tested("thread", "process");

/** Modes whose workers live elsewhere: values are copied, and a worker can be ended by force. */
export const REMOTE_MODES: readonly Mode[] = tested("thread", "process", "distributed");

/** Options of a pool that is to have its usual size: on nodes that is as large as there is room. */
export function usual(mode: Mode): { readonly mode: Mode; readonly maxWorkers?: number } {
  return mode === "distributed" ? { mode, maxWorkers: 2 } : { mode };
}
