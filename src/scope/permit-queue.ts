/**
 * A number of permits, and those who wait for some of them.
 *
 * Owns the count and the order. Does not own the permits that are out: whoever has one gives it back, once.
 *
 * S1. Never more than `permits` are out, but for a while after `resize` took some away.
 * S2. All or nothing, in order of rank: who waits holds nothing; the one whose turn it is keeps all behind it waiting,
 *     however small they are, so that no weight starves.
 * S3. Nobody waits who could go on: what comes back, or is no longer waited for, serves the queue at once, before anybody
 *     else can take it.
 */
import { show } from "../config/show.js";
import { machineClock, type Clock } from "../config/monotonic.js";
import { TimeoutError } from "../errors.js";
import { currentCaller } from "../limits/holdings.js";
import { type Waiter, WaitingRoom } from "../waiting/waiting-room.js";
import { currentScope } from "./current-scope.js";
import { checkPermitOptions, type Impatient, onGiveUp, type PermitOptions } from "./give-up.js";
import { HeldPermit, type Permit } from "./permit.js";
import { keepShape } from "../config/keep-shape.js";

/** Somebody who waits for permits. */
export interface PermitWaiter extends Waiter {
  readonly weight: number;
  /** Told at once when it has them. */
  granted(): void;
  /** Told when there will never be as many. */
  failed(error: unknown): void;
}

/** What a queue is told of its users. */
export interface PermitQueueOptions {
  /** What is tried, as in `Cannot acquire 2 permits`. */
  describe(weight: number): string;
  readonly clock?: Clock | undefined;
}

/** How long one waits until it goes before a new one with one more point of priority, in ms; as for limits. */
const AGEING = 1000;

let requests = 0;

export class PermitQueue {
  readonly clock: Clock;
  readonly #describe: (weight: number) => string;
  readonly #room = new WaitingRoom<PermitWaiter>();
  #permits: number;
  #inUse = 0;

  /** @param permits - checked already */
  constructor(permits: number, { describe, clock = machineClock }: PermitQueueOptions) {
    this.#permits = permits;
    this.#describe = describe;
    this.clock = clock;
  }

  get permits(): number {
    return this.#permits;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#room.size;
  }

  /** Takes permits, if they are there and nobody waits. */
  take(weight: number): boolean {
    if (this.#inUse + weight > this.#permits || this.#room.size > 0) return false;
    this.#inUse += weight;
    return true;
  }

  tryAcquire(weight: number): Permit | undefined {
    this.#checkWeight(weight);
    return this.take(weight) ? new HeldPermit(this, weight) : undefined;
  }

  acquire(weight: number, options?: PermitOptions): Promise<Permit> {
    // Most take one, and need not wait: no more than the promise and the permit is made for them.
    if (weight === 1 && options === undefined && this.take(1)) return new HeldPermit(this, 1).promised();
    try {
      this.#checkWeight(weight);
      if (options !== undefined) checkPermitOptions("acquire", options);
      return this.take(weight) ? new HeldPermit(this, weight).promised() : this.#wait(weight, options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** Runs a function with permits, which are given back when what it returned has settled. */
  run<T>(fn: () => T | PromiseLike<T>, weight: number, options?: PermitOptions): Promise<T> {
    if (typeof fn !== "function") {
      const shown = show(fn);
      return Promise.reject(new TypeError(`Cannot run as a function is needed: current value is ${shown}`));
    }
    if (weight === 1 && options === undefined && this.take(1)) return this.#runHolding(fn, 1);
    // Not an async function from here on: its frame would be kept for each that waits, which is most of what waiting costs.
    return this.acquire(weight, options).then(() => this.#runHolding(fn, weight));
  }

  /** Waits without a promise. It may be granted within this call. */
  enqueue(waiter: PermitWaiter): void {
    this.#room.add(waiter);
    // One that is urgent need not wait behind the others.
    this.#serve();
  }

  /** Waits no more; does nothing for one that does not wait here. */
  leave(waiter: PermitWaiter): void {
    this.#room.delete(waiter);
    this.#serve();
  }

  giveBack(weight: number): void {
    this.#inUse -= weight;
    if (this.#room.size > 0) this.#serve();
  }

  /** Changes how many there are; who waits for more than that is told so. */
  resize(permits: number): void {
    const isLess = permits < this.#permits;
    this.#permits = permits;
    const all = isLess ? this.#room.takeAll() : [];
    for (const waiter of all) {
      if (waiter.weight <= permits) this.#room.add(waiter);
      else waiter.failed(this.#tooMany(waiter.weight));
    }
    this.#serve();
  }

  /** The rank of one that begins to wait. */
  rankOf(priority = 0): number {
    return this.clock.now() - priority * AGEING;
  }

  async #runHolding<T>(fn: () => T | PromiseLike<T>, weight: number): Promise<T> {
    try {
      return await fn();
    } finally {
      this.giveBack(weight);
    }
  }

  #serve(): void {
    const room = this.#room;
    for (let next = room.peek(); next && this.#inUse + next.weight <= this.#permits; next = room.peek()) {
      room.take();
      this.#inUse += next.weight;
      next.granted();
    }
  }

  tooLate(weight: number, timeout: number): TimeoutError {
    return new TimeoutError(`${this.#describe(weight)} within ${timeout} ms as nothing was free in time`, timeout);
  }

  #wait(weight: number, options: PermitOptions | undefined): Promise<Permit> {
    return new Promise((resolve, reject) => {
      const call = currentCaller()?.signal;
      const scope = currentScope()?.signal;
      call?.throwIfAborted();
      scope?.throwIfAborted();
      const request = new PermitRequest(this, weight, this.rankOf(options?.priority), resolve, reject);
      this.enqueue(request);
      // Most wait without any of these, and of those that wait there may be a million.
      if ((options || call || scope) && request.waitsIn) {
        request.forget = onGiveUp(request, this.clock, options?.timeout, options?.signal, call, scope);
      }
    });
  }

  #checkWeight(weight: number): void {
    if (!Number.isSafeInteger(weight) || weight < 1) {
      throw new RangeError(
        `Cannot acquire permits as the weight must be a positive integer: current value is ${show(weight)}`,
      );
    }
    if (weight > this.#permits) throw this.#tooMany(weight);
  }

  #tooMany(weight: number): RangeError {
    return new RangeError(`${this.#describe(weight)} as that is more than the ${this.#permits} there are`);
  }
}

/** One that waits for a promise to resolve. */
class PermitRequest implements PermitWaiter, Impatient {
  readonly weight: number;
  readonly rank: number;
  readonly sequence = ++requests;
  waitsIn: { delete(call: never): void } | undefined;
  /** Stops what could end the wait, where anything could. */
  forget: (() => void) | undefined;
  readonly #queue: PermitQueue;
  readonly #resolve: (permit: Permit) => void;
  readonly #reject: (error: Error) => void;

  constructor(
    queue: PermitQueue,
    weight: number,
    rank: number,
    resolve: (permit: Permit) => void,
    reject: (error: Error) => void,
  ) {
    this.#queue = queue;
    this.weight = weight;
    this.rank = rank;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  granted(): void {
    this.forget?.();
    this.#resolve(new HeldPermit(this.#queue, this.weight));
  }

  failed(error: unknown): void {
    this.forget?.();
    this.#reject(error as Error);
  }

  giveUp(error: unknown): void {
    this.#queue.leave(this);
    this.failed(error);
  }

  tooLate(timeout: number): Error {
    return this.#queue.tooLate(this.weight, timeout);
  }
}

keepShape(
  new PermitRequest(
    new PermitQueue(1, { describe: () => "" }),
    1,
    0,
    () => {},
    () => {},
  ),
);
