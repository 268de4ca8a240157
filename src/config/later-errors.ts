/**
 * The error classes, of which there must be one each in a thread, loaded when the first of them is used: a host that meets
 * no error does without. What is linked has these (`scripts/link.js`).
 */
import { createRequire } from "node:module";
import type * as errors from "../errors.js";
import { lazyFunction, lazyObject } from "./lazy.js";

type Errors = typeof errors;

const load = (): Errors => createRequire(import.meta.url)("../errors.js") as Errors;

function later<K extends keyof Errors>(name: K): Errors[K] {
  return lazyFunction(() => load()[name]);
}

export const ERROR_CLASSES = lazyObject(() => load().ERROR_CLASSES);
export const BatchRefusedError = later("BatchRefusedError");
export const BatchStoppedError = later("BatchStoppedError");
export const BrokerUnavailableError = later("BrokerUnavailableError");
export const BudgetExceededError = later("BudgetExceededError");
export const CancelledError = later("CancelledError");
export const DefinitionError = later("DefinitionError");
export const InvalidSqlError = later("InvalidSqlError");
export const LeftBehindError = later("LeftBehindError");
export const LimitDeadlockError = later("LimitDeadlockError");
export const ManyhandsError = later("ManyhandsError");
export const MissingPackageError = later("MissingPackageError");
export const ModelError = later("ModelError");
export const PoolFullError = later("PoolFullError");
export const PoolStoppedError = later("PoolStoppedError");
export const QueueAbandonedError = later("QueueAbandonedError");
export const QueueClosedError = later("QueueClosedError");
export const QuotaExceededError = later("QuotaExceededError");
export const RetryValidationError = later("RetryValidationError");
export const SerializationError = later("SerializationError");
export const TimeoutError = later("TimeoutError");
export const UnknownResultError = later("UnknownResultError");
export const ValidationError = later("ValidationError");
export const WorkerCrashedError = later("WorkerCrashedError");
export const WorkerStartError = later("WorkerStartError");
