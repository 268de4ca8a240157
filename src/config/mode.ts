import { availableParallelism } from "node:os";

/** Where the workers of a pool live. */
export type Mode = "sync" | "async" | "thread" | "process" | "distributed";

export const MODES: readonly Mode[] = ["sync", "async", "thread", "process", "distributed"];

/** What a mode decides when the options of a pool are silent. */
export interface ModeDefaults {
  /** Number of workers. */
  readonly maxWorkers: number;
  /** Calls at once in one worker. */
  readonly concurrency: number;
  /** Calls handed to one worker ahead of time, beyond those it runs, at most. */
  readonly maxQueuedTasks: number;
  /** As far as they take no longer than this, in ms, but for two. */
  readonly queuedWork: number;
}

/** The defaults of a mode; `sync` and `async` keep nothing ahead as handing over costs them nothing. */
export function modeDefaults(mode: Mode): ModeDefaults {
  const shared = { queuedWork: Number.POSITIVE_INFINITY };
  switch (mode) {
    case "sync":
      return { maxWorkers: 1, concurrency: 1, maxQueuedTasks: 0, ...shared };
    case "async":
      return { maxWorkers: 1, concurrency: Number.POSITIVE_INFINITY, maxQueuedTasks: 0, ...shared };
    case "thread":
      return { maxWorkers: availableParallelism(), concurrency: 1, maxQueuedTasks: 1000, queuedWork: 5 };
    case "process":
      return { maxWorkers: availableParallelism(), concurrency: 1, maxQueuedTasks: 1000, queuedWork: 5 };
    case "distributed":
      return { maxWorkers: availableParallelism(), concurrency: 1, maxQueuedTasks: 100, queuedWork: 20 };
  }
}
