/**
 * One method invocation, from the moment it is made until its outcome is known.
 *
 * States (`place`):
 *
 *       aside ─→ waiting ─→ worker ─→ over
 *       │   ↑       │ ↑        │ │
 *       │   └───────┼─┼────────┘ │               (made again)
 *       └───────────┴─┼──────────┴──→ over       (cancelled, timed out)
 *                     └────────┘                 (its worker died before the call began)
 *
 * `aside`: futures among the arguments are pending, limits or the end of a backoff awaited. `waiting`: in a waiting room.
 * `worker`: handed to a worker, and perhaps begun. `over`: the future is settled; a worker may still be busy with it until
 * it lets go.
 *
 * Owns the future, the timer and the abort listener. Who moves it from place to place is the pool.
 */
import { callSafely } from "../config/call-safely.js";
import { CancelledError } from "../errors.js";
import { Future, type FutureSource, type FutureTimings, type Progress, settle } from "../future/future.js";
import type { StreamSink } from "../future/stream.js";
import type { Amounts, HeldGrant } from "../limits/grant.js";
import type { Outcome } from "../limits/limit.js";
import type { CallRequest } from "../modes/executor.js";
import type { RetryHistory } from "../retry/history.js";
import { currentScope, type Scope, type ScopeMember } from "../scope/current-scope.js";
import type { WorkerIdentity } from "../wire/protocol.js";
import { turnNow } from "./clock.js";
import { onAbort } from "../config/on-abort.js";
import type { CallOptions } from "./options.js";
import type { Waiter, WaitingRoom } from "../waiting/waiting-room.js";
import { keepShape } from "../config/keep-shape.js";

/** Who decides about calls: the pool. */
export interface CallOwner {
  readonly id: string;
  /** The name of the worker class. */
  readonly name: string;
  cancel(call: Call, reason: unknown): void;
  timedOut(call: Call): void;
  /** The outcome is known; called once for each call, with the place it was in. */
  over(call: Call, status: "done" | "failed" | "cancelled", from: Call["place"]): void;
}

/** The worker that a call was given to. */
export interface CallPlace {
  hasBegun(call: Call): boolean;
}

/** How a call differs from a plain one of its pool. */
export interface CallTraits {
  /** The only worker it may go to. */
  readonly target?: number;
  readonly isUrgent?: boolean;
  readonly sink?: StreamSink;
}

/** What calls with limits or retries have besides; most have neither. */
export interface CallExtras {
  /** What it took of limits. */
  grant: HeldGrant<unknown> | undefined;
  /** What its attempts returned so far. */
  history: RetryHistory | undefined;
  /** The only worker that may take it: by its place, or, for another attempt, as long as that very worker lives. */
  boundTo: { readonly index: number; readonly id?: string } | undefined;
  /** How often it was given to another worker as the one before died. */
  redeliveries: number;
}

const NO_ARGS: readonly unknown[] = [];

export class Call implements FutureSource, CallRequest, ScopeMember, Waiter {
  readonly #owner: CallOwner;
  readonly sequence: number;
  readonly method: number;
  readonly name: string;
  readonly options: CallOptions;
  readonly traits: CallTraits;
  readonly submittedAt = turnNow();
  readonly future: Future<unknown> = new Future<unknown>(this);
  args: readonly unknown[];
  place: "aside" | "waiting" | "worker" | "over" = "aside";
  waitsIn: WaitingRoom<Call> | undefined;
  slot: CallPlace | undefined;
  attempt = 0;
  handedAs = 0;
  deadline = 0;
  /** The worker it was handed to last. */
  worker: WorkerIdentity | undefined;
  ran: number | undefined;
  readonly #ageing: number;
  /** In ms, once it is over: all the time that it did not run. */
  waited: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #forgetSignal: (() => void) | undefined;
  #scope: Scope | undefined;
  /** Whether a worker has it, also after it is over: what belongs to a scope is waited for until none has. */
  isHeld = false;
  /** Whether its worker was told to let go, did not, and goes on all the same. */
  isAbandoned = false;
  #progress: Progress | undefined;
  #extras: CallExtras | undefined;
  #progressListeners: ((progress: Progress) => void)[] | undefined;

  constructor(
    owner: CallOwner,
    sequence: number,
    method: { readonly index: number; readonly name: string },
    args: readonly unknown[],
    options: CallOptions,
    traits: CallTraits,
    ageing: number,
  ) {
    this.#owner = owner;
    this.sequence = sequence;
    this.method = method.index;
    this.name = method.name;
    this.args = args;
    this.options = options;
    this.traits = traits;
    this.#ageing = ageing;
  }

  /** The time it was made, less the ageing for its priority. */
  get rank(): number {
    const { priority } = this.options;
    return priority ? this.submittedAt - priority * this.#ageing : this.submittedAt;
  }

  get id(): string {
    return `${this.#owner.id}:${this.sequence}`;
  }

  get label(): string {
    return `${this.#owner.name}.${this.name}`;
  }

  get isRunning(): boolean {
    return this.place === "worker" && this.slot!.hasBegun(this);
  }

  get attempts(): number {
    return this.attempt;
  }

  get timings(): FutureTimings {
    const submittedAt = performance.timeOrigin + this.submittedAt;
    return { submittedAt, waited: this.waited, ran: this.ran };
  }

  get progress(): Progress | undefined {
    return this.#progress;
  }

  get readAhead(): number {
    return this.traits.sink?.readAhead ?? 0;
  }

  get transfer(): readonly object[] | undefined {
    return this.options.transfer;
  }

  get isUrgent(): boolean {
    return this.traits.isUrgent ?? false;
  }

  /**
   * Begins to watch the timeout, the signal, and the scope that the caller is in; `false` when one had fired already and the
   * call is over.
   */
  watch(defaultTimeout: number | undefined): boolean {
    const timeout = this.options.timeout ?? defaultTimeout;
    const { signal } = this.options;
    const scope = currentScope();
    if (timeout !== undefined) {
      this.deadline = Date.now() + timeout;
      this.#timer = setTimeout(() => this.#owner.timedOut(this), timeout);
    }
    if (signal) {
      if (signal.aborted) {
        this.#owner.cancel(this, signal.reason);
        return false;
      }
      this.#forgetSignal = onAbort(signal, (reason) => this.#owner.cancel(this, reason));
    }
    return scope === undefined || this.#join(scope);
  }

  /** Belongs to the scope from now on: is cancelled with it, and has no later deadline. */
  #join(scope: Scope): boolean {
    if (scope.cancellation) {
      this.#owner.cancel(this, scope.cancellation.reason);
      return false;
    }
    // The scope itself sees to its deadline: what the worker hears of it is for what is started there.
    if (scope.deadline !== undefined) this.deadline = Math.min(this.deadline || scope.deadline, scope.deadline);
    this.#scope = scope;
    scope.add(this);
    return true;
  }

  get isInScope(): boolean {
    return this.#scope !== undefined;
  }

  /** Nobody is left who could read it. */
  orphaned(): void {
    if (!this.traits.sink) return;
    this.cancel(new CancelledError(`The stream of '${this.name}' was cancelled as the group that read it has ended`));
  }

  /** No worker has it any more. */
  letGo(): void {
    this.isHeld = false;
    if (this.#scope !== undefined) this.#leave();
  }

  #leave(): void {
    if (this.place !== "over" || this.isHeld || this.isAbandoned) return;
    const scope = this.#scope!;
    this.#scope = undefined;
    scope.delete(this);
  }

  get extras(): CallExtras {
    return (this.#extras ??= { grant: undefined, history: undefined, boundTo: undefined, redeliveries: 0 });
  }

  get boundTo(): CallExtras["boundTo"] {
    return this.#extras?.boundTo;
  }

  get grant(): CallExtras["grant"] {
    return this.#extras?.grant;
  }

  /** What the call took of limits is somebody else's to give back. */
  takeGrant(): HeldGrant<unknown> | undefined {
    const grant = this.#extras?.grant;
    if (grant) this.#extras!.grant = undefined;
    return grant;
  }

  /** Gives back what the call took of limits, of which it really used so much. */
  endGrant(outcome: Outcome, usage?: Amounts): void {
    if (usage) this.#extras?.grant?.update(usage);
    this.takeGrant()?.release(outcome);
  }

  /** Gives back all of it: the call has not begun. */
  refundGrant(): void {
    const grant = this.#extras?.grant;
    if (grant) this.endGrant("ignored", Object.fromEntries(Object.keys(grant.amounts).map((key) => [key, 0])));
  }

  cancel(reason: unknown): void {
    this.#owner.cancel(this, reason);
  }

  onProgress(listener: (progress: Progress) => void): void {
    (this.#progressListeners ??= []).push(listener);
  }

  reportProgress(progress: Progress): void {
    this.#progress = progress;
    for (const listener of this.#progressListeners ?? []) callSafely(listener, progress);
  }

  /** Settles the future, unless it is settled. */
  finish(status: "done" | "failed" | "cancelled", outcome: unknown): void {
    const from = this.place;
    if (from === "over") return;
    this.place = "over";
    if (this.ran !== undefined) this.waited = Math.max(0, turnNow() - this.submittedAt - this.ran);
    if (this.#timer) clearTimeout(this.#timer);
    this.#forgetSignal?.();
    // Whoever keeps the future need not keep what it was made from.
    this.args = NO_ARGS;
    this.#owner.over(this, status, from);
    settle(this.future, status, outcome);
    if (this.#scope !== undefined) this.#leave();
  }
}

const owner: CallOwner = { id: "example", name: "Example", cancel: () => {}, timedOut: () => {}, over: () => {} };
// Its future as well.
keepShape(new Call(owner, 0, { index: 0, name: "example" }, NO_ARGS, {}, {}, 1));
