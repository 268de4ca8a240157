/**
 * Every error class of the library, and the table of their codes.
 *
 * A class stands here only when a caller may want to catch that condition; misuse throws the built-in `TypeError` or
 * `RangeError`. `docs/errors.md` lists the same codes with cause and remedy; a test holds the two together.
 */

const BRAND = Symbol.for("manyhands.error");

/** The base of all errors that manyhands itself raises; `code` is stable across versions, the message is not. */
export class ManyhandsError extends Error {
  /** A stable identifier, such as `"MH_TIMEOUT"`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Tells whether a value is one of our errors, also one made by another copy of the library. */
  static is(value: unknown): value is ManyhandsError {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

/** A worker or task cannot be defined, or cannot be found or started where it should run. */
export class DefinitionError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_DEFINITION", message, options);
  }
}

/** An argument or a result cannot leave its thread or process; `path` names the part at fault. */
export class SerializationError extends ManyhandsError {
  /** Where the value sits, such as `args[0].handlers.onDone` or `result.socket`. */
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super("MH_SERIALIZATION", message, options);
    this.path = path;
  }
}

/** Why a worker ended without being asked to. */
export type CrashReason =
  | "exit"
  | "signal"
  | "uncaught-exception"
  | "out-of-memory"
  | "terminated"
  | "unresponsive"
  | "unhealthy"
  | "unreadable"
  /** The node it lived on is gone, or was silent for longer than its lease. */
  | "node-lost"
  /** What was said to it or by it was lost on the way. */
  | "disconnected";

/** What is known about a worker that died. */
export interface CrashDetails {
  readonly reason: CrashReason;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
}

/** The worker that ran the call died; other workers and their calls are not affected. */
export class WorkerCrashedError extends ManyhandsError {
  readonly reason: CrashReason;
  /** The exit code of the thread or process, where there was one. */
  readonly exitCode: number | undefined;
  /** The signal that ended the process, such as `"SIGKILL"`, where there was one. */
  readonly signal: string | undefined;

  constructor(message: string, details: CrashDetails, options?: ErrorOptions) {
    super("MH_WORKER_CRASHED", message, options);
    this.reason = details.reason;
    this.exitCode = details.exitCode;
    this.signal = details.signal;
  }
}

/** A worker could not be started: its module or constructor threw (see `cause`), or it died at every start. */
export class WorkerStartError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_WORKER_START", message, options);
  }
}

/** The pool was stopped before the call could run, or was called after it was stopped. */
export class PoolStoppedError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_POOL_STOPPED", message, options);
  }
}

/** The waiting room of the pool is full and its `overflow` policy turned this call away. */
export class PoolFullError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_POOL_FULL", message, options);
  }
}

/** The queue was closed: nothing more can be put, or, when it is empty too, taken. */
export class QueueClosedError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_QUEUE_CLOSED", message, options);
  }
}

/** What would be waited for cannot happen, as the last consumer of the queue has left; `cause` is the error it failed with. */
export class QueueAbandonedError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_QUEUE_ABANDONED", message, options);
  }
}

/** A call asks for more of a limit while it holds so much of it that it would wait for itself. */
export class LimitDeadlockError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_LIMIT_DEADLOCK", message, options);
  }
}

/** Something took longer than it was allowed to. */
export class TimeoutError extends ManyhandsError {
  /** The time that was allowed, in ms. */
  readonly timeout: number;

  constructor(message: string, timeout: number, options?: ErrorOptions) {
    super("MH_TIMEOUT", message, options);
    this.timeout = timeout;
  }
}

/** A future was cancelled without a reason of the caller's own. Its `name` is `"AbortError"`, as the platform's is. */
export class CancelledError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_CANCELLED", message, options);
    this.name = "AbortError";
  }
}

/** What is known of the children that a group left behind. */
export interface LeftBehindDetails {
  readonly names: readonly string[];
  readonly grace: number;
}

/** Children of a group did not end in time after it was cancelled: the group waits no longer, and they may run on. */
export class LeftBehindError extends ManyhandsError {
  /** Which they are: children, calls of pools, groups inside of it. */
  readonly names: readonly string[];
  /** How long the group waited after it was cancelled, in ms. */
  readonly grace: number;

  constructor(message: string, details: LeftBehindDetails, options?: ErrorOptions) {
    super("MH_LEFT_BEHIND", message, options);
    this.names = details.names;
    this.grace = details.grace;
  }
}

/** One thing that a schema found wrong. */
export interface ValidationIssue {
  /** Where the part at fault sits, such as `args[0].text` or `result.items[2]`. */
  readonly path: string;
  /** What the schema says of it. */
  readonly message: string;
}

/** What is known about a value that a schema refused. */
export interface ValidationDetails {
  readonly subject: string;
  readonly issues: readonly ValidationIssue[];
}

/** Arguments or a result did not pass their schema, or the schema threw an error (see `cause`). */
export class ValidationError extends ManyhandsError {
  /** What was validated, such as `args of 'Embedder.embed'` or `result of 'Embedder.embed'`. */
  readonly subject: string;
  /** All that the schema found, at least one; the message tells the first. */
  readonly issues: readonly ValidationIssue[];

  constructor(message: string, details: ValidationDetails, options?: ErrorOptions) {
    super("MH_VALIDATION", message, options);
    this.subject = details.subject;
    this.issues = details.issues;
  }
}

/** What is known of a call none of whose results was acceptable. */
export interface RefusedResults {
  readonly attempts: number;
  readonly results: readonly unknown[];
  readonly validationErrors: readonly string[];
}

/** The retries of a call are used up, and the last attempt returned something that `until` does not accept. */
export class RetryValidationError extends ManyhandsError {
  /** How many attempts were made, those that threw included. */
  readonly attempts: number;
  /** What the attempts returned, in order, without those that threw: the last 100 at most. */
  readonly results: readonly unknown[];
  /** Why each of `results` was refused, in the same order. */
  readonly validationErrors: readonly string[];

  constructor(message: string, details: RefusedResults, options?: ErrorOptions) {
    super("MH_RETRY_VALIDATION", message, options);
    this.attempts = details.attempts;
    this.results = details.results;
    this.validationErrors = details.validationErrors;
  }
}

/** An optional package is needed here and is not installed; the message holds the command that installs it. */
export class MissingPackageError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_MISSING_PACKAGE", message, options);
  }
}

/** Why a batch was not begun. */
export type BatchRefusal = "exists" | "locked" | "settings" | "input" | "unreadable" | "order" | "failures";

/** What is known about a batch that was not begun. */
export interface BatchRefusedDetails {
  readonly reason: BatchRefusal;
  /** The message without the remedy, for those who have a remedy of their own, such as a command line. */
  readonly problem: string;
}

/** A batch was not begun, as it would harm what is there; nothing was changed. */
export class BatchRefusedError extends ManyhandsError {
  readonly reason: BatchRefusal;
  /** The message without the remedy. */
  readonly problem: string;

  constructor(message: string, details: BatchRefusedDetails, options?: ErrorOptions) {
    super("MH_BATCH_REFUSED", message, options);
    this.reason = details.reason;
    this.problem = details.problem;
  }
}

/** What a batch has done. */
export interface BatchSummary {
  /** Items this run did, whose lines are in the output. */
  readonly done: number;
  /** Items this run could not do, lines that are no JSON among them. */
  readonly failed: number;
  /** Items that an earlier run had done. */
  readonly skipped: number;
  /** Lines of the input that were no JSON; they count as failed. */
  readonly invalid: number;
  /** How long it took, in ms. */
  readonly elapsed: number;
  /** The file with the failures; `undefined` where nothing failed, or none is kept. */
  readonly failures: string | undefined;
}

/** A batch ended before all items were done (see `cause`); what it did is kept, and a resumed run does the rest. */
export class BatchStoppedError extends ManyhandsError {
  readonly summary: BatchSummary;

  constructor(message: string, summary: BatchSummary, options?: ErrorOptions) {
    super("MH_BATCH_STOPPED", message, options);
    this.summary = summary;
  }
}

/**
 * What went wrong with a request to a model:
 * - `"rate-limit"`: too many requests or tokens; passes by itself (429)
 * - `"quota"`: the account has no more to spend, which does not pass by itself
 * - `"overloaded"`: the server has too much to do (503, 529)
 * - `"server"`: it failed (any other 5xx)
 * - `"timeout"`: no answer in time
 * - `"network"`: the connection could not be made, or broke
 * - `"malformed"`: an answer that cannot be read
 * - `"refused"`: the request is not accepted, and would not be the next time (400, 401, 404, …)
 */
export type ModelFailure =
  | "rate-limit"
  | "quota"
  | "overloaded"
  | "server"
  | "timeout"
  | "network"
  | "malformed"
  | "refused";

/** What is known of a failed request to a model, beside its message. */
export interface ModelErrorDetails {
  readonly failure: ModelFailure;
  /** The HTTP status; `undefined` where there was no response. */
  readonly status?: number | undefined;
  /** The code in the body of the response, as in `"rate_limit_exceeded"`. */
  readonly modelCode?: string | undefined;
  /** How long the server asks to wait, in seconds. */
  readonly retryAfter?: number | undefined;
  /** The id that the server gave the request, for its support. */
  readonly requestId?: string | undefined;
}

/** A request to a model failed; `failure` says how. */
export class ModelError extends ManyhandsError {
  readonly failure: ModelFailure;
  readonly status: number | undefined;
  readonly modelCode: string | undefined;
  readonly retryAfter: number | undefined;
  readonly requestId: string | undefined;

  constructor(message: string, details: ModelErrorDetails, options?: ErrorOptions) {
    super("MH_MODEL", message, options);
    this.failure = details.failure;
    this.status = details.status;
    this.modelCode = details.modelCode;
    this.retryAfter = details.retryAfter;
    this.requestId = details.requestId;
  }
}

/** No account of a model has anything left to spend (see `cause`): every other request would be refused as well. */
export class QuotaExceededError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_QUOTA_EXCEEDED", message, options);
  }
}

/** What the answers have cost has reached `maxCost`: no more are asked for. */
export class BudgetExceededError extends ManyhandsError {
  /** What was spent, in the unit of the prices. */
  readonly cost: number;

  constructor(message: string, cost: number, options?: ErrorOptions) {
    super("MH_BUDGET_EXCEEDED", message, options);
    this.cost = cost;
  }
}

/** SQL that a model wrote was not run, or failed: it is no single query, changes something, or the database refuses it. */
export class InvalidSqlError extends ManyhandsError {
  readonly sql: string;

  constructor(message: string, sql: string, options?: ErrorOptions) {
    super("MH_INVALID_SQL", message, options);
    this.sql = sql;
  }
}

/** The broker could not be reached, or took nothing, for as long as `brokerTimeout`; `cause` is what it said last. */
export class BrokerUnavailableError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_BROKER_UNAVAILABLE", message, options);
  }
}

/** There is no delayed task of this id, or its result is kept no longer. */
export class UnknownResultError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("MH_UNKNOWN_RESULT", message, options);
  }
}

/** Each code with the class that carries it, sorted; the single source for `docs/errors.md` and for reviving errors. */
export const ERROR_CLASSES: Readonly<Record<string, { readonly prototype: ManyhandsError; readonly name: string }>> = {
  MH_BATCH_REFUSED: BatchRefusedError,
  MH_BATCH_STOPPED: BatchStoppedError,
  MH_BROKER_UNAVAILABLE: BrokerUnavailableError,
  MH_BUDGET_EXCEEDED: BudgetExceededError,
  MH_CANCELLED: CancelledError,
  MH_DEFINITION: DefinitionError,
  MH_INVALID_SQL: InvalidSqlError,
  MH_LEFT_BEHIND: LeftBehindError,
  MH_LIMIT_DEADLOCK: LimitDeadlockError,
  MH_MISSING_PACKAGE: MissingPackageError,
  MH_MODEL: ModelError,
  MH_POOL_FULL: PoolFullError,
  MH_POOL_STOPPED: PoolStoppedError,
  MH_QUEUE_ABANDONED: QueueAbandonedError,
  MH_QUEUE_CLOSED: QueueClosedError,
  MH_QUOTA_EXCEEDED: QuotaExceededError,
  MH_RETRY_VALIDATION: RetryValidationError,
  MH_SERIALIZATION: SerializationError,
  MH_TIMEOUT: TimeoutError,
  MH_UNKNOWN_RESULT: UnknownResultError,
  MH_VALIDATION: ValidationError,
  MH_WORKER_CRASHED: WorkerCrashedError,
  MH_WORKER_START: WorkerStartError,
};
