import { staysHome } from "../config/homebound.js";
import { bindWhenRead } from "../config/bind-when-read.js";
import { checkFields } from "../config/check-fields.js";
import type { Clock } from "../config/monotonic.js";
import type { PermitOptions } from "./give-up.js";
import type { Permit } from "./permit.js";
import { PermitQueue } from "./permit-queue.js";

/** Options of a {@link Mutex}. */
export interface MutexOptions {
  /** What it protects, as messages name it. */
  readonly name?: string | undefined;
  /**
   * What tells the time. For tests.
   *
   * @default the monotonic clock of the machine
   */
  readonly clock?: Clock | undefined;
}

/**
 * A lock that one holds at a time, for steps that must not mix although they await something in between.
 *
 * First come, first served within a priority. It is not reentrant: code that holds it and asks for it again waits for
 * itself, until its `timeout` if it has one. It belongs to its thread.
 *
 * @example
 * const mutex = new Mutex();
 * await mutex.run(async () => write((await read()) + 1));
 */
export class Mutex {
  readonly #queue: PermitQueue;

  constructor(options: MutexOptions = {}) {
    checkFields("Mutex", options, ["name", "clock"]);
    const { name, clock } = options;
    const subject = name === undefined ? "the mutex" : `mutex '${name}'`;
    this.#queue = new PermitQueue(1, { describe: () => `Cannot lock ${subject}`, clock });
  }

  /** Whether anybody holds it. */
  get isLocked(): boolean {
    return this.#queue.inUse > 0;
  }

  /** How many wait for it. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /**
   * Waits for the lock, and holds it until the permit is released.
   *
   * Rejects with a `TimeoutError`, or with the reason of `signal`.
   *
   * @example
   * using lock = await mutex.acquire({ timeout: 5000 });
   */
  acquire(options?: PermitOptions): Promise<Permit> {
    return this.#queue.acquire(1, options);
  }

  /** Locks it if nobody holds it or waits for it. */
  tryAcquire(): Permit | undefined {
    return this.#queue.tryAcquire(1);
  }

  /**
   * Runs a function alone, at once if possible; the lock is free again when what it returned has settled.
   *
   * Rejects with what the function throws, and as `acquire` does.
   */
  run<T>(fn: () => T | PromiseLike<T>, options?: PermitOptions): Promise<T> {
    return this.#queue.run(fn, 1, options);
  }

  static {
    staysHome(this, "lock");
    bindWhenRead(this, "acquire", "tryAcquire", "run");
  }
}
