/** The options of resource pools: their meaning, their defaults, and what is refused. */
import { checkFunction } from "../config/check-function.js";
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import { machineClock, type Clock } from "../config/monotonic.js";
import type { Limits } from "../limits/grant.js";
import type { LimitSource } from "../limits/limit-source.js";
import type { RetryOptions } from "../retry/options.js";
import { RetryPolicy } from "../retry/policy.js";
import { checkSlotLimit } from "./slot-limit.js";

/** Something that went wrong with a resource. */
export interface ResourceFailure {
  readonly error: unknown;
  readonly during: "create" | "validate" | "destroy";
}

/** The limits a resource is taken together with. */
export interface ResourcePoolLimits {
  /** A `LimitSet`, a `LimitPool`, or `this.limits` of a worker. */
  readonly set: Limits;
  /** The `ResourceLimit` in it of which each lease holds one. */
  readonly key: string;
}

/** Options of a {@link ResourcePool}. Times are in ms; `Infinity` turns one off. */
export interface ResourcePoolOptions<T> {
  /**
   * Makes a resource. Its `signal` fires when `createTimeout` has passed or the pool is stopped; one that comes too late is
   * destroyed at once.
   */
  readonly create: (context: { readonly signal: AbortSignal }) => T | PromiseLike<T>;
  /** Ends a resource; `reason` is the error it was discarded with, where there is one. */
  readonly destroy: (resource: T, reason?: unknown) => unknown;
  /**
   * Whether a resource that was used before can be handed out again; what it throws means no.
   *
   * @default every resource is good until it is discarded
   */
  readonly validate?: ((resource: T) => boolean | PromiseLike<boolean>) | undefined;
  /**
   * A resource that was used, or validated, within this time is handed out without being validated.
   *
   * @default 0: each is validated
   */
  readonly validateAfter?: number | undefined;
  /** Whether an error that was thrown in `use` means that the resource is broken. Default: none does. */
  readonly isBroken?: ((error: unknown) => boolean) | undefined;
  /**
   * How many are kept ready, from the start on; those that cannot be made are tried again, 0.1 s to 10 s later.
   *
   * @default 0
   */
  readonly min?: number | undefined;
  /**
   * How many there are at most, those included that are being created or destroyed.
   *
   * @default 10; with `limits`, the capacity of the limit
   */
  readonly max?: number | undefined;
  /**
   * How long one stays that nobody uses, beyond `min`.
   *
   * @default 10,000
   */
  readonly idleTimeout?: number | undefined;
  /**
   * How old one gets, a random part of up to a tenth less, so that not all end together. One in use ends when it is back.
   *
   * @default Infinity
   */
  readonly maxLifetime?: number | undefined;
  /**
   * How long `acquire` waits, for its turn and for the resource together.
   *
   * @default 30,000
   */
  readonly acquireTimeout?: number | undefined;
  /**
   * How long one attempt of `create` may take.
   *
   * @default 30,000
   */
  readonly createTimeout?: number | undefined;
  /**
   * How long `validate` may take; one that takes longer is broken.
   *
   * @default 5000
   */
  readonly validateTimeout?: number | undefined;
  /**
   * How long `destroy` may take; after that, its place is given to another.
   *
   * @default 5000
   */
  readonly destroyTimeout?: number | undefined;
  /**
   * Whether and when `create` is tried again before its error goes to who waits.
   *
   * @default no retries: the error goes there at once
   */
  readonly retry?: RetryOptions | undefined;
  /** What is taken together with each resource, all or nothing. Default: nothing. */
  readonly limits?: ResourcePoolLimits | undefined;
  /**
   * Told of what no `acquire` rejects with: failures of `validate` and `destroy`, and of `create` where nobody waits.
   *
   * @default a warning of the process; of failures of `create` that follow each other, for the first
   */
  readonly onError?: ((failure: ResourceFailure) => void) | undefined;
  /** What the resources are, as messages name them. */
  readonly name?: string | undefined;
  /**
   * What tells the time. For tests.
   *
   * @default the monotonic clock of the machine
   */
  readonly clock?: Clock | undefined;
}

/** Options with every default filled in. */
export interface ResolvedResourcePool<T> {
  readonly create: ResourcePoolOptions<T>["create"];
  readonly destroy: ResourcePoolOptions<T>["destroy"];
  readonly validate: ResourcePoolOptions<T>["validate"];
  readonly isBroken: ResourcePoolOptions<T>["isBroken"];
  readonly onError: ResourcePoolOptions<T>["onError"];
  readonly min: number;
  readonly max: number;
  readonly validateAfter: number;
  readonly idleTimeout: number;
  readonly maxLifetime: number;
  readonly acquireTimeout: number;
  readonly createTimeout: number;
  readonly validateTimeout: number;
  readonly destroyTimeout: number;
  readonly retry: RetryPolicy | undefined;
  readonly limits: { readonly source: LimitSource; readonly key: string } | undefined;
  /** What messages call one of them. */
  readonly subject: string;
  readonly clock: Clock;
}

const OPTIONS: Readonly<Record<keyof ResourcePoolOptions<unknown>, true>> = {
  create: true,
  destroy: true,
  validate: true,
  validateAfter: true,
  isBroken: true,
  min: true,
  max: true,
  idleTimeout: true,
  maxLifetime: true,
  acquireTimeout: true,
  createTimeout: true,
  validateTimeout: true,
  destroyTimeout: true,
  retry: true,
  limits: true,
  onError: true,
  name: true,
  clock: true,
};

/**
 * Checks options and fills in the defaults.
 * @throws {TypeError | RangeError} naming the option, its value, and what it must be
 */
export function resolveResourcePool<T>(options: ResourcePoolOptions<T>): ResolvedResourcePool<T> {
  checkFields("ResourcePool", options, Object.keys(OPTIONS));
  const { create, destroy, validate, isBroken, onError, name, clock = machineClock } = options;
  checkFunction("create", create);
  checkFunction("destroy", destroy);
  if (validate !== undefined) checkFunction("validate", validate);
  if (isBroken !== undefined) checkFunction("isBroken", isBroken);
  if (onError !== undefined) checkFunction("onError", onError);
  const limits = options.limits && checkSlotLimit(options.limits);
  const max = checkCount("max", options.max ?? limits?.capacity ?? 10, 1, Number.MAX_SAFE_INTEGER);
  if (limits?.capacity !== undefined && max < limits.capacity) {
    throw outOfRange("max", `at least the capacity of limit '${limits.key}', which is ${limits.capacity}`, max);
  }
  return {
    create,
    destroy,
    validate,
    isBroken,
    onError,
    min: checkCount("min", options.min ?? 0, 0, max),
    max,
    validateAfter: timeOf("validateAfter", options.validateAfter ?? 0),
    idleTimeout: timeOf("idleTimeout", options.idleTimeout ?? 10_000),
    maxLifetime: timeOf("maxLifetime", options.maxLifetime ?? Number.POSITIVE_INFINITY),
    acquireTimeout: timeOf("acquireTimeout", options.acquireTimeout ?? 30_000),
    createTimeout: timeOf("createTimeout", options.createTimeout ?? 30_000),
    validateTimeout: timeOf("validateTimeout", options.validateTimeout ?? 5000),
    destroyTimeout: timeOf("destroyTimeout", options.destroyTimeout ?? 5000),
    retry: options.retry && new RetryPolicy(options.retry, "retry"),
    limits,
    subject: name === undefined ? "a resource" : `a resource of '${name}'`,
    clock,
  };
}

/** A number of ms, or `Infinity` for none. */
function timeOf(name: string, value: number): number {
  return value === Number.POSITIVE_INFINITY ? value : duration(name, value);
}

function checkCount(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to 'max', which is ${most}`;
  throw outOfRange(name, `an integer ${range}`, value);
}

function outOfRange(name: string, wanted: string, value: unknown): RangeError {
  return new RangeError(`Cannot set '${name}' as it must be ${wanted}: current value is ${show(value)}`);
}
