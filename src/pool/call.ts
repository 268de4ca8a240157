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
 * Owns the future, or in its place the one who takes the outcome (`OutcomeTaker`), the timer and the abort listener. Who
 * moves it from place to place is the pool.
 */
import { callSafely } from "../config/call-safely.js";
import { wallTimeOf } from "../config/steady-clock.js";
import { turnNow } from "../config/turn-clock.js";
import { CancelledError } from "../errors.js";
import {
  Future,
  type FutureSource,
  type FutureTimings,
  peek,
  type Progress,
  settle,
  type Settled,
} from "../future/future.js";
import type { StreamSink } from "../future/stream.js";
import type { Amounts, HeldGrant } from "../limits/grant.js";
import type { Outcome } from "../limits/limit.js";
import type { CallRequest } from "../modes/executor.js";
import type { RetryHistory } from "../retry/history.js";
import { currentScope, type Scope, type ScopeMember } from "../scope/current-scope.js";
import type { WorkerIdentity } from "../wire/protocol.js";
import { CallKind } from "./call-kind.js";
import { onAbort } from "../config/on-abort.js";
import type { MethodInfo } from "./method-plan.js";
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

/** Takes the outcome of a call in place of a future: for many calls of one owner, who waits for each of them anyway. */
export interface OutcomeTaker {
  /** Called once, in the turn in which the pool knows it; that may be before the call is told to have been made. */
  ended(status: "done" | "failed" | "cancelled", outcome: unknown): void;
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

/** What few calls have: those with limits, retries, a deadline or a signal, and those made in a scope. */
export interface CallExtras {
  /** What it took of limits. */
  grant: HeldGrant<unknown> | undefined;
  /** What its attempts returned so far. */
  history: RetryHistory | undefined;
  /** The only worker that may take it: by its place, or, for another attempt, as long as that very worker lives. */
  boundTo: { readonly index: number; readonly id?: string } | undefined;
  /** How often it was given to another worker as the one before died. */
  redeliveries: number;
  /** In ms since the epoch; 0 for none. */
  deadline: number;
  timer: NodeJS.Timeout | undefined;
  forgetSignal: (() => void) | undefined;
  scope: Scope | undefined;
  /** Whether a worker has it, also after it is over: what belongs to a scope is waited for until none has. */
  isHeld: boolean;
  /** Whether its worker was told to let go, did not, and goes on all the same. */
  isAbandoned: boolean;
  /** What it ended with for who took it, where its worker may still be busy with it. */
  seen: Settled<unknown> | undefined;
  progress: Progress | undefined;
  progressListeners: ((progress: Progress) => void)[] | undefined;
}

function noExtras(): CallExtras {
  return {
    grant: undefined,
    history: undefined,
    boundTo: undefined,
    redeliveries: 0,
    deadline: 0,
    timer: undefined,
    forgetSignal: undefined,
    scope: undefined,
    isHeld: false,
    isAbandoned: false,
    seen: undefined,
    progress: undefined,
    progressListeners: undefined,
  };
}

const NO_ARGS: readonly unknown[] = [];

export class Call implements FutureSource, CallRequest, ScopeMember, Waiter {
  // As few fields as can be: a million calls may wait, and a private method would cost each of them one more. What not every
  // call has is in `extras`.
  readonly kind: CallKind;
  readonly sequence: number;
  /** On the monotonic clock, in ms. Calls of one turn share the number, as no field of theirs holds numbers only. */
  readonly submittedAt: number;
  /** Which of the two, its kind says. */
  readonly #receiver: Future<unknown> | OutcomeTaker;
  args: readonly unknown[];
  place: "aside" | "waiting" | "worker" | "over" = "aside";
  /** The room it waits in, or the slot that has it. */
  #at: WaitingRoom<Call> | CallPlace | undefined = undefined;
  attempt = 0;
  handedAs = 0;
  /** The worker it was handed to last. */
  worker: WorkerIdentity | undefined = undefined;
  ran: number | undefined = undefined;
  /** When it was over, on the monotonic clock, where it has run. */
  #endedAt: number | undefined = undefined;
  #extras: CallExtras | undefined = undefined;

  constructor(
    kind: CallKind,
    sequence: number,
    args: readonly unknown[],
    submittedAt: number | undefined,
    taker?: OutcomeTaker,
  ) {
    this.kind = kind;
    this.sequence = sequence;
    this.submittedAt = submittedAt as number;
    this.args = args;
    this.#receiver = kind.isTaken ? taker! : new Future<unknown>(this);
  }

  /** Only where its outcome is not taken by somebody else. */
  get future(): Future<unknown> {
    return this.#receiver as Future<unknown>;
  }

  /** What its caller saw, where it is over. */
  get seen(): Settled<unknown> | undefined {
    if (this.place !== "over") return undefined;
    return this.kind.isTaken ? this.#extras?.seen : peek(this.future);
  }

  get method(): number {
    return this.kind.method.index;
  }

  get name(): string {
    return this.kind.method.name;
  }

  get options(): CallOptions {
    return this.kind.options;
  }

  get traits(): CallTraits {
    return this.kind.traits;
  }

  /** The time it was made, less the ageing for its priority. */
  get rank(): number {
    return this.submittedAt - this.kind.lead;
  }

  get id(): string {
    return `${this.kind.owner.id}:${this.sequence}`;
  }

  get label(): string {
    return `${this.kind.owner.name}.${this.name}`;
  }

  get waitsIn(): WaitingRoom<Call> | undefined {
    return this.place === "waiting" ? (this.#at as WaitingRoom<Call> | undefined) : undefined;
  }

  set waitsIn(room: WaitingRoom<Call> | undefined) {
    this.#at = room;
  }

  /** The slot that has it. */
  get slot(): CallPlace | undefined {
    return this.place === "worker" ? (this.#at as CallPlace) : undefined;
  }

  /** Given to a worker. */
  assignTo(slot: CallPlace): void {
    this.place = "worker";
    this.#at = slot;
  }

  /** Waits, for a worker or in a room. */
  wait(): void {
    this.place = "waiting";
    this.#at = undefined;
  }

  get isRunning(): boolean {
    return this.slot?.hasBegun(this) ?? false;
  }

  get attempts(): number {
    return this.attempt;
  }

  /** In ms, once it is over: all the time that it did not run. */
  get waited(): number | undefined {
    if (this.ran === undefined || this.#endedAt === undefined) return undefined;
    return Math.max(0, this.#endedAt - this.submittedAt - this.ran);
  }

  get timings(): FutureTimings {
    const submittedAt = wallTimeOf(this.submittedAt);
    return { submittedAt, waited: this.waited, ran: this.ran };
  }

  get progress(): Progress | undefined {
    return this.#extras?.progress;
  }

  get readAhead(): number {
    return this.traits.sink?.readAhead ?? 0;
  }

  get transfer(): readonly object[] | undefined {
    return this.options.transfer;
  }

  get isUrgent(): boolean {
    return this.kind.isUrgent;
  }

  get deadline(): number {
    return this.#extras === undefined ? 0 : this.#extras.deadline;
  }

  /**
   * Begins to watch the timeout, the signal, and the scope that the caller is in; `false` when one had fired already and the
   * call is over.
   */
  watch(): boolean {
    if (this.kind.isWatched && !Call.#watchOptions(this)) return false;
    const scope = currentScope();
    return scope === undefined || Call.#join(this, scope);
  }

  static #watchOptions(call: Call): boolean {
    const { owner, timeout, options } = call.kind;
    const { extras } = call;
    if (timeout !== undefined) {
      extras.deadline = Date.now() + timeout;
      extras.timer = setTimeout(() => owner.timedOut(call), timeout);
    }
    const { signal } = options;
    if (!signal) return true;
    if (signal.aborted) {
      owner.cancel(call, signal.reason);
      return false;
    }
    extras.forgetSignal = onAbort(signal, (reason) => owner.cancel(call, reason));
    return true;
  }

  /** Belongs to the scope from now on: is cancelled with it, and has no later deadline. */
  static #join(call: Call, scope: Scope): boolean {
    if (scope.cancellation) {
      call.cancel(scope.cancellation.reason);
      return false;
    }
    const { extras } = call;
    // The scope itself sees to its deadline: what the worker hears of it is for what is started there.
    if (scope.deadline !== undefined) extras.deadline = Math.min(extras.deadline || scope.deadline, scope.deadline);
    extras.scope = scope;
    scope.add(call);
    return true;
  }

  get isInScope(): boolean {
    return this.#extras?.scope !== undefined;
  }

  /** Nobody is left who could read it. */
  orphaned(): void {
    if (!this.traits.sink) return;
    this.cancel(new CancelledError(`The stream of '${this.name}' was cancelled as the group that read it has ended`));
  }

  /** A worker has it. */
  held(): void {
    if (this.#extras !== undefined) this.#extras.isHeld = true;
  }

  /** No worker has it any more. */
  letGo(): void {
    if (this.#extras === undefined) return;
    this.#extras.isHeld = false;
    Call.#leave(this, this.#extras);
  }

  /** Its worker does not let go of it, or has in the end. */
  abandoned(isAbandoned: boolean): void {
    this.extras.isAbandoned = isAbandoned;
  }

  /** Leaves its scope, once nobody has it any more. */
  static #leave(call: Call, extras: CallExtras): void {
    const { scope } = extras;
    if (scope === undefined || call.place !== "over" || extras.isHeld || extras.isAbandoned) return;
    extras.scope = undefined;
    scope.delete(call);
  }

  get extras(): CallExtras {
    return (this.#extras ??= noExtras());
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
    this.kind.owner.cancel(this, reason);
  }

  onProgress(listener: (progress: Progress) => void): void {
    (this.extras.progressListeners ??= []).push(listener);
  }

  reportProgress(progress: Progress): void {
    const { extras } = this;
    extras.progress = progress;
    for (const listener of extras.progressListeners ?? []) callSafely(listener, progress);
  }

  /** Settles the future, or tells who takes the outcome, unless it is over. */
  finish(status: "done" | "failed" | "cancelled", outcome: unknown): void {
    const from = this.place;
    if (from === "over") return;
    this.place = "over";
    this.#at = undefined;
    if (this.ran !== undefined) this.#endedAt = turnNow();
    if (this.#extras !== undefined) Call.#unwatch(this.#extras);
    // Whoever keeps the future need not keep what it was made from.
    this.args = NO_ARGS;
    this.kind.owner.over(this, status, from);
    if (this.kind.isTaken) Call.#giveTo(this.#receiver as OutcomeTaker, this, status, outcome);
    else settle(this.#receiver as Future<unknown>, status, outcome);
    if (this.#extras !== undefined) Call.#leave(this, this.#extras);
  }

  static #giveTo(taker: OutcomeTaker, call: Call, status: "done" | "failed" | "cancelled", outcome: unknown): void {
    if (status !== "done") call.extras.seen = { status, error: outcome };
    taker.ended(status, outcome);
  }

  static #unwatch(extras: CallExtras): void {
    clearTimeout(extras.timer);
    extras.forgetSignal?.();
  }
}

const owner: CallOwner = { id: "example", name: "Example", cancel: () => {}, timedOut: () => {}, over: () => {} };
const method: MethodInfo = { index: 0, name: "example", isStream: false };
const defaults = { timeout: undefined, ageing: 1, loadBalancing: "random" } as const;
const kind = new CallKind(owner, method, {}, {}, undefined, defaults);
// Its future as well. A time that is not known makes `submittedAt` a field that can hold anything, and so share a number.
keepShape(new Call(kind, 0, NO_ARGS, undefined));
