/** manyhands: write a class once, run it anywhere. */
export { type Mode } from "./config/mode.js";
export { type Clock } from "./config/monotonic.js";
export { type InferInput, type InferOutput, type StandardSchema } from "./config/standard-schema.js";
export {
  type BatchRefusal,
  type BatchRefusedDetails,
  BatchRefusedError,
  BatchStoppedError,
  BrokerUnavailableError,
  BudgetExceededError,
  type BatchSummary,
  CancelledError,
  type CrashDetails,
  type CrashReason,
  DefinitionError,
  type LeftBehindDetails,
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
  type RefusedResults,
  RetryValidationError,
  SerializationError,
  TimeoutError,
  UnknownResultError,
  type ValidationDetails,
  ValidationError,
  type ValidationIssue,
  WorkerCrashedError,
  WorkerStartError,
} from "./errors.js";
export { map, type MapContext, type MapOptions, type SettledItem } from "./flow/map.js";
export { type FlowOptions } from "./flow/map-options.js";
export { type AnyIterable } from "./flow/map-source.js";
export { Mapping } from "./flow/mapping.js";
export { Pipeline, pipeline, type PipelineOptions } from "./flow/pipeline/pipeline.js";
export { type PipelineResult, PipelineRun, type PipelineStats } from "./flow/pipeline/pipeline-run.js";
export {
  type BatchOptions,
  type ErrorPolicy,
  type ErrorPolicyName,
  type PipelineFailure,
  type StageOptions,
} from "./flow/pipeline/stage-options.js";
export { type StageStats } from "./flow/pipeline/stage-tally.js";
export { type StageContext } from "./flow/pipeline/stage-work.js";
export { Queue, type ConsumeOptions, type QueueOptions } from "./flow/queue.js";
export { type ConsumeContext, type ConsumeFunction } from "./flow/queue-consumption.js";
export { type Lease } from "./flow/queue-lease.js";
export { type QueueWaitOptions } from "./flow/queue-wait.js";
export { type ResourceLease, type ResourceLeaseGrant } from "./flow/resource-lease.js";
export { type ResourceLeaseOptions } from "./flow/resource-lease-options.js";
export { ResourcePool, type ResourcePoolStats } from "./flow/resource-pool.js";
export {
  type ResourceFailure,
  type ResourcePoolLimits,
  type ResourcePoolOptions,
} from "./flow/resource-pool-options.js";
export { type Arg, type Args } from "./future/arg.js";
export { type AsCompleted, asCompleted, type AsCompletedOptions, type Completed } from "./future/as-completed.js";
export { Future, type FutureStatus, type FutureTimings, type Progress, type ResultOptions } from "./future/future.js";
export { gather, type Gathered, type GatherOptions } from "./future/gather.js";
export { Stream } from "./future/stream.js";
export { type ReturnWhen, wait, type Waited, type WaitOptions } from "./future/wait.js";
export { call, type CallContext } from "./host/call-context.js";
export { AdaptiveLimit, type AdaptiveLimitOptions } from "./limits/adaptive-limit.js";
export { type AcquireOptions, type Amounts, type Grant, type Limits } from "./limits/grant.js";
export { type HeadersLike } from "./limits/headers/header-lines.js";
export { type Limit, type LimitStats, type Outcome } from "./limits/limit.js";
export { LimitPool, type LimitPoolOptions } from "./limits/limit-pool.js";
export { LimitSet, type LimitSetOptions, type LimitSetStats } from "./limits/limit-set.js";
export { type LimitPoolBalancing } from "./limits/limit-source.js";
export { perWorker, type PerWorkerLimits } from "./limits/per-worker.js";
export { type RateAlgorithmName, type RateOptions } from "./limits/rate.js";
export { CallLimit, type CallLimitOptions, RateLimit, type RateLimitOptions } from "./limits/rate-limit.js";
export { ResourceLimit, type ResourceLimitOptions } from "./limits/resource-limit.js";
export { type BlockingPool } from "./pool/blocking-pool.js";
export { configure, type Configuration, withConfig } from "./pool/effective-options.js";
export { type PoolEvents } from "./pool/events.js";
export { type Percentiles } from "./pool/histogram.js";
export { type CallPlan, type MethodOptions, type MethodSchema } from "./pool/method-plan.js";
export {
  type CallOptions,
  type ElasticSize,
  type LoadBalancer,
  type LoadBalancingName,
  type PoolOptions,
  type WorkerLoad,
} from "./pool/options.js";
export type { ActorOptions } from "./pool/actor-options.js";
export type { Delivery } from "./pool/delivery.js";
export type { BrokerOptions } from "./config/broker.js";
export {
  type BroadcastMethods,
  type CallResult,
  type Pool,
  type PoolMembers,
  type PoolMethods,
  type PoolWorker,
} from "./pool/pool.js";
export { type LimitsOption } from "./pool/pool-limits.js";
export { type Spin, type SpinStats, type Transport } from "./modes/executor.js";
export { type PoolStats, type WorkerStats } from "./pool/pool-stats.js";
export { type ProgressEnding } from "./progress/meter.js";
export { type ProgressOption } from "./progress/open-progress.js";
export { ProgressBar, type ProgressBarOptions } from "./progress/progress-bar.js";
export { type ProgressStream } from "./progress/progress-output.js";
export {
  type AsyncResult,
  type DelayCallOptions,
  type DelayedArg,
  type DelayedArgs,
  type DelayedRetry,
  type DelayOptions,
  type TaskState,
} from "./future/async-result.js";
export { type ModuleReference } from "./registry.js";
export { type Task, task, type TaskFunction, type TaskOptions } from "./task.js";
export { TaskPool } from "./task-pool.js";
export { type Backoff, type BackoffName, type RetryContext } from "./retry/backoff.js";
export { type RetryBudgetOptions, type RetryOptions } from "./retry/options.js";
export { type RetryOn } from "./retry/retry-on.js";
export { type ResultContext, type RetryUntil } from "./retry/retry-until.js";
export { type PermitOptions } from "./scope/give-up.js";
export { Mutex, type MutexOptions } from "./scope/mutex.js";
export { type Permit } from "./scope/permit.js";
export { Semaphore, type SemaphoreOptions, type SemaphoreRunOptions } from "./scope/semaphore.js";
export { type ChildFailure } from "./scope/failures.js";
export { type SpawnOptions, type TaskGroupOptions } from "./scope/group-options.js";
export { supervise, type SuperviseOptions } from "./scope/supervise.js";
export { TaskGroup, taskGroup } from "./scope/task-group.js";
export { type WorkerIdentity } from "./wire/protocol.js";
export { transfer } from "./wire/transfer.js";
export {
  type MethodsOf,
  type OptionsOf,
  type SchemaOf,
  worker,
  type WorkerBuilder,
  type WorkerClass,
  type WorkerDefaults,
  type WorkerDefinition,
} from "./worker.js";
export { Worker } from "./worker-base.js";
