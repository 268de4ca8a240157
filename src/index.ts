/** manyhands: write a class once, run it anywhere. */
export { type Mode } from "./config/mode.js";
export {
  CancelledError,
  type CrashDetails,
  type CrashReason,
  DefinitionError,
  ManyhandsError,
  MissingPackageError,
  PoolFullError,
  PoolStoppedError,
  SerializationError,
  TimeoutError,
  WorkerCrashedError,
  WorkerStartError,
} from "./errors.js";
export { type Arg, type Args } from "./future/arg.js";
export { Future, type FutureStatus, type FutureTimings, type Progress, type ResultOptions } from "./future/future.js";
export { Stream } from "./future/stream.js";
export { call, type CallContext } from "./host/call-context.js";
export { Mapping } from "./mapping.js";
export { type BlockingPool } from "./pool/blocking-pool.js";
export { type PoolEvents } from "./pool/events.js";
export { type Percentiles } from "./pool/histogram.js";
export {
  type CallOptions,
  type ElasticSize,
  type LoadBalancer,
  type LoadBalancingName,
  type PoolOptions,
  type WorkerLoad,
} from "./pool/options.js";
export {
  type BroadcastMethods,
  type CallResult,
  type Pool,
  type PoolMembers,
  type PoolMethods,
  type PoolWorker,
} from "./pool/pool.js";
export { type PoolStats, type WorkerStats } from "./pool/pool-stats.js";
export { type ModuleReference } from "./registry.js";
export { type Task, task, type TaskFunction, type TaskOptions } from "./task.js";
export { TaskPool } from "./task-pool.js";
export { type WorkerIdentity } from "./wire/protocol.js";
export { transfer } from "./wire/transfer.js";
export { worker, type WorkerBuilder, type WorkerClass, type WorkerDefaults, type WorkerDefinition } from "./worker.js";
export { Worker } from "./worker-base.js";
