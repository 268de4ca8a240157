import { staysHome } from "../config/homebound.js";
import { bindWhenRead } from "../config/bind-when-read.js";
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import type { Clock } from "../config/monotonic.js";
import { checkPermitOptions, type PermitOptions } from "./give-up.js";
import type { Permit } from "./permit.js";
import { PermitQueue } from "./permit-queue.js";
import { keepShape } from "../config/keep-shape.js";

/** Options of a {@link Semaphore}. */
export interface SemaphoreOptions {
  /** What the permits are for, as messages name it. */
  readonly name?: string | undefined;
  /**
   * What tells the time. For tests.
   *
   * @default the monotonic clock of the machine
   */
  readonly clock?: Clock | undefined;
}

/** Options of {@link Semaphore.run}. */
export interface SemaphoreRunOptions extends PermitOptions {
  /**
   * How many permits to take.
   *
   * @default 1
   */
  readonly weight?: number | undefined;
}

/**
 * A number of permits: so many may go on at once, the others wait for their turn.
 *
 * First come, first served within a priority; one that needs several permits gets all of them at once, and is not
 * overtaken meanwhile by smaller ones that came later. Waiting costs nothing but memory, however many wait, and leaving
 * the queue by a signal or a timeout costs nothing at all. Code in a call of a pool, or
 * in a task group, leaves also when that is cancelled.
 *
 * A semaphore belongs to its thread: what all workers of a pool must keep to is a `ResourceLimit` among its `limits`.
 *
 * @throws {RangeError} when `permits` is not a positive integer, or `Infinity`
 * @example
 * const shards = new Semaphore(3);
 * const answers = await Promise.all(queries.map((query) => shards.run(() => search(query))));
 */
export class Semaphore {
  readonly #queue: PermitQueue;

  constructor(permits: number, options: SemaphoreOptions = {}) {
    checkFields("Semaphore", options, ["name", "clock"]);
    const { name, clock } = options;
    const suffix = name === undefined ? "" : ` of '${name}'`;
    this.#queue = new PermitQueue(checkPermits(permits), {
      describe: (weight) => `Cannot acquire ${weight === 1 ? "a permit" : `${weight} permits`}${suffix}`,
      clock,
    });
  }

  /** How many there are. */
  get permits(): number {
    return this.#queue.permits;
  }

  /** How many are not in use; who waits has a right to them first. */
  get available(): number {
    return Math.max(0, this.#queue.permits - this.#queue.inUse);
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /**
   * Waits for permits and takes them, all or nothing.
   *
   * Rejects with a `RangeError` for a weight that is not a positive integer or above the number of permits, with a
   * `TimeoutError`, or with the reason of `signal`.
   *
   * @param weight - how many. Default: 1
   * @example
   * using permit = await semaphore.acquire(2, { timeout: 5000 });
   */
  acquire(weight?: number, options?: PermitOptions): Promise<Permit>;
  /** Waits for one permit, as `acquire(1, options)` does, and as that of a mutex is written. */
  acquire(options: PermitOptions): Promise<Permit>;
  acquire(weight: number | PermitOptions = 1, options?: PermitOptions): Promise<Permit> {
    if (typeof weight === "object" && weight !== null) return this.#queue.acquire(1, weight);
    return this.#queue.acquire(weight, options);
  }

  /**
   * Takes permits if that is possible at once; not when others wait.
   *
   * @throws {RangeError} for a weight that is not a positive integer or above the number of permits
   */
  tryAcquire(weight = 1): Permit | undefined {
    return this.#queue.tryAcquire(weight);
  }

  /**
   * Runs a function when it is its turn, at once if possible; its permits are free again when what it returned has settled.
   *
   * Rejects with what the function throws, and as `acquire` does.
   */
  run<T>(fn: () => T | PromiseLike<T>, options?: SemaphoreRunOptions): Promise<T> {
    if (options === undefined) return this.#queue.run(fn, 1);
    return this.#runWith(fn, options);
  }

  /**
   * Changes how many there are. Permits beyond that stay valid until they are released; requests that need more than there
   * are now are rejected with a `RangeError`.
   *
   * @throws {RangeError} when `permits` is not a positive integer, or `Infinity`
   */
  resize(permits: number): void {
    this.#queue.resize(checkPermits(permits));
  }

  async #runWith<T>(fn: () => T | PromiseLike<T>, options: SemaphoreRunOptions): Promise<T> {
    checkPermitOptions("run", options, ["weight"]);
    const { weight = 1, ...wait } = options;
    return this.#queue.run(fn, weight, wait);
  }

  static {
    staysHome(this, "lock");
    bindWhenRead(this, "acquire", "tryAcquire", "run", "resize");
  }
}

function checkPermits(permits: number): number {
  if (permits === Number.POSITIVE_INFINITY || (Number.isSafeInteger(permits) && permits >= 1)) return permits;
  throw new RangeError(
    `Cannot set 'permits' as it must be a positive integer or Infinity: current value is ${show(permits)}`,
  );
}

keepShape(new Semaphore(1));
