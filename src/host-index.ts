/**
 * The library as the modules of workers see it in a thread or process of a pool: all of `index.ts`, of which only what
 * workers themselves use is loaded, and the rest when it is first used. Most workers start no pools of their own; to load
 * what makes them would take most of the time of a start.
 *
 * Linked into the files that hosts begin with (`scripts/link.js`), which stand for the package there by the conditions that
 * hosts are started with.
 */
import { createRequire } from "node:module";
import { lazyFunction, lazyObject } from "./config/lazy.js";
import { type ModuleReference, register } from "./registry.js";
import type * as library from "./index.js";
import type { Task, TaskFunction, taskOf, TaskOptions } from "./task.js";
import { taskName, taskTarget } from "./task-target.js";
import type { definitionOf, WorkerClass, WorkerDefaults, WorkerDefinition } from "./worker.js";

export {
  BatchRefusedError,
  BatchStoppedError,
  BrokerUnavailableError,
  BudgetExceededError,
  CancelledError,
  DefinitionError,
  InvalidSqlError,
  LeftBehindError,
  LimitDeadlockError,
  ManyhandsError,
  MissingPackageError,
  ModelError,
  PoolFullError,
  PoolStoppedError,
  QueueAbandonedError,
  QueueClosedError,
  QuotaExceededError,
  RetryValidationError,
  SerializationError,
  TimeoutError,
  UnknownResultError,
  ValidationError,
  WorkerCrashedError,
  WorkerStartError,
} from "./errors.js";
export { call } from "./host/call-context.js";
export { transfer } from "./wire/transfer.js";
export { Worker } from "./worker-base.js";

const require = (path: string): unknown => createRequire(import.meta.url)(path);

type Library = typeof library;

/** Something of a module that is loaded when it is first used. */
function later<K extends keyof Library>(name: K, path: string): Library[K] {
  return lazyFunction(() => (require(path) as Library)[name] as object) as Library[K];
}

export const map = later("map", "./flow/map.js");
export const Mapping = later("Mapping", "./flow/mapping.js");
export const Pipeline = later("Pipeline", "./flow/pipeline/pipeline.js");
export const pipeline = later("pipeline", "./flow/pipeline/pipeline.js");
export const PipelineRun = later("PipelineRun", "./flow/pipeline/pipeline-run.js");
export const Queue = later("Queue", "./flow/queue.js");
export const ResourcePool = later("ResourcePool", "./flow/resource-pool.js");
export const asCompleted = later("asCompleted", "./future/as-completed.js");
export const Future = later("Future", "./future/future.js");
export const gather = later("gather", "./future/gather.js");
export const Stream = later("Stream", "./future/stream.js");
export const wait = later("wait", "./future/wait.js");
export const AdaptiveLimit = later("AdaptiveLimit", "./limits/adaptive-limit.js");
export const LimitPool = later("LimitPool", "./limits/limit-pool.js");
export const LimitSet = later("LimitSet", "./limits/limit-set.js");
export const perWorker = later("perWorker", "./limits/per-worker.js");
export const CallLimit = later("CallLimit", "./limits/rate-limit.js");
export const RateLimit = later("RateLimit", "./limits/rate-limit.js");
export const ResourceLimit = later("ResourceLimit", "./limits/resource-limit.js");
export const configure = later("configure", "./pool/effective-options.js");
export const withConfig = later("withConfig", "./pool/effective-options.js");
export const ProgressBar = later("ProgressBar", "./progress/progress-bar.js");
export const TaskPool = later("TaskPool", "./task-pool.js");
export const Mutex = later("Mutex", "./scope/mutex.js");
export const Semaphore = later("Semaphore", "./scope/semaphore.js");
export const supervise = later("supervise", "./scope/supervise.js");
export const TaskGroup = later("TaskGroup", "./scope/task-group.js");
export const taskGroup = later("taskGroup", "./scope/task-group.js");

/** As in `worker.ts`; what the definition says was found good where it was defined first. */
export function worker<C extends WorkerClass>(
  meta: ModuleReference,
  target: C,
  definition: WorkerDefaults<C> = {},
): WorkerDefinition<C> {
  const registration = register(meta, definition.name ?? target.name, target, definition.version);
  return lazyObject(() => {
    const module = require("./worker.js") as { definitionOf: typeof definitionOf };
    return module.definitionOf(registration, target, definition);
  });
}

/** As in `task.ts`; see `worker`. */
export function task<F extends TaskFunction>(meta: ModuleReference, fn: F, options: TaskOptions<F> = {}): Task<F> {
  const registration = register(meta, taskName(fn, options), taskTarget(fn), options.version);
  return lazyFunction(() => {
    const module = require("./task.js") as { taskOf: typeof taskOf };
    return module.taskOf(registration, fn, options);
  });
}
