/** One child of a group: what its handle says of it. */
import { Future, type FutureSource, type FutureTimings, settle } from "../future/future.js";
import type { Waiter, WaitingRoom } from "../waiting/waiting-room.js";
import { Strand, type StrandOwner } from "./strand.js";

/** The function of a child. */
export type ChildFunction<T> = (signal: AbortSignal) => T;

/** Who decides about children: the group. */
export interface ChildOwner extends StrandOwner {
  readonly id: string;
  readonly name: string;
  cancelChild(child: Child, reason: unknown): void;
}

export class Child extends Strand implements FutureSource, Waiter {
  readonly #owner: ChildOwner;
  readonly sequence: number;
  readonly #name: string | undefined;
  readonly future: Future<unknown> = new Future<unknown>(this);
  waitsIn: WaitingRoom<Child> | undefined;
  /** Lets it run, when it had to wait for a place. */
  wake: (() => void) | undefined;
  #fn: ChildFunction<unknown> | undefined;
  readonly #submittedAt = performance.now();
  #begunAt: number | undefined;
  #ran: number | undefined;

  constructor(owner: ChildOwner, sequence: number, fn: ChildFunction<unknown>, name: string | undefined) {
    super(owner);
    this.#owner = owner;
    this.sequence = sequence;
    this.#fn = fn;
    this.#name = name ?? (fn.name || undefined);
  }

  /** First come, first served. */
  get rank(): number {
    return this.sequence;
  }

  get name(): string {
    return this.#name ?? String(this.sequence);
  }

  get id(): string {
    return `${this.#owner.id}:${this.sequence}`;
  }

  get label(): string {
    return `${this.#owner.name}.${this.name}`;
  }

  get attempts(): number {
    return this.#begunAt === undefined ? 0 : 1;
  }

  get timings(): FutureTimings {
    const waited = this.#begunAt === undefined ? undefined : this.#begunAt - this.#submittedAt;
    return { submittedAt: performance.timeOrigin + this.#submittedAt, waited, ran: this.#ran };
  }

  get worker(): undefined {
    return undefined;
  }

  get progress(): undefined {
    return undefined;
  }

  cancel(reason: unknown): void {
    this.#owner.cancelChild(this, reason);
  }

  /** A function has no way to report any. */
  onProgress(): void {}

  /** Runs its function; never throws. */
  run(): Promise<unknown> {
    const fn = this.#fn!;
    this.#fn = undefined;
    this.#begunAt = performance.now();
    try {
      return Promise.resolve(takesNoSignal(fn) ? fn() : fn(this.signal));
    } catch (error) {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- whatever it threw is the outcome
      return Promise.reject(error);
    }
  }

  /** Settles the handle, unless it is settled. */
  finish(status: "done" | "failed" | "cancelled", outcome: unknown): void {
    this.#fn = undefined;
    if (this.#begunAt !== undefined) this.#ran = performance.now() - this.#begunAt;
    settle(this.future, status, outcome);
  }
}

/**
 * To make a signal costs more than all else. An arrow function without parameters cannot see one; others can, by a rest
 * parameter or `arguments`, and nobody knows what bound and built-in functions do.
 */
function takesNoSignal(fn: ChildFunction<unknown>): fn is () => unknown {
  return fn.length === 0 && /^(?:async\s*)?\(\s*\)\s*=>/.test(Function.prototype.toString.call(fn));
}
