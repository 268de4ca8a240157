/**
 * The place of one worker in its pool; the worker in it may be replaced many times.
 *
 * Owns the host, the calls given to it, and the calls that may go to no other worker. Does not own the order of all
 * other calls, nor the decision to add or remove places (`PoolCore`).
 *
 * States:
 *
 *     cold ─→ starting ─→ ready ─→ retiring ─→ stopping ─→ cold | gone
 *      ↑         │          │
 *      │         ↓          ↓ (died)
 *      └────  backoff ←─────┘
 *
 * `cold`: no host; one is made for the first call. `backoff`: died at start, waits before it tries again. `retiring`: takes
 * no more calls, ends when those it has are over. `gone`: removed from the pool.
 *
 * L1. A call is in at most one of `pending`, `handed` and `line`.
 * L2. When a worker dies, calls that may have begun fail, all others go back to wait; none is lost, none begins twice.
 * L3. The event loop is kept alive exactly while the worker has something to do or is being started.
 */
import { type CrashDetails, TimeoutError, type WorkerStartError } from "../errors.js";
import type { Host, HostEvents } from "../modes/executor.js";
import { LATER } from "../host/later.js";
import { runOutsideScopes } from "../scope/current-scope.js";
import type { WorkerIdentity } from "../wire/protocol.js";
import { AbandonedCalls } from "./abandoned-calls.js";
import { Aftermath } from "./aftermath.js";
import { Alarm } from "./alarm.js";
import type { Candidate } from "./balancers.js";
import type { Call, CallPlace } from "./call.js";
import { divide } from "./delivery.js";
import { deathError, isForced } from "./describe-death.js";
import { HandedCalls } from "./handed-calls.js";
import { HealthCheck } from "./health-check.js";
import { KeepAlive } from "./keep-alive.js";
import { Intake } from "./intake.js";
import type { SlotOwner, SlotState } from "./slot-owner.js";
import { Starts } from "./starts.js";
import { WaitingRoom } from "../waiting/waiting-room.js";

/** How long a worker may take to dispose of itself, in ms. */
const DISPOSE_WITHIN_MS = 5000;

export class Slot implements Candidate, CallPlace {
  readonly index: number;
  readonly #owner: SlotOwner;
  #state: SlotState = "cold";
  #host: Host | undefined;
  identity: WorkerIdentity | undefined;
  /** Given to this worker, which is not ready yet. */
  readonly #pending = new Set<Call>();
  readonly #handed = new HandedCalls();
  /** Calls that may go to no other worker. */
  readonly line = new WaitingRoom<Call>();
  /** Whether the pool is giving it what waits, further up the stack. */
  isBeingFed = false;
  total = 0;
  restarts = 0;
  memory: number | undefined;
  /** Why there is no room yet for its worker. */
  waitingFor: string | undefined;
  /** Since when it has had nothing to do; kept in pools that shrink. */
  idleSince = performance.now();
  /** Calls that its worker has answered. */
  served = 0;
  readonly #starts: Starts;
  readonly #abandoned = new AbandonedCalls();
  readonly #alarm = new Alarm();
  /** Whether the place stays when its worker ends. */
  #isReplaced: boolean;
  /** Whether the pool wants the place back. */
  #isLeaving = false;
  /** Whether its host will be ended by force, once the calls it still runs are over. */
  #isCondemned = false;
  /** Whether a pause before the next start is followed by that start. */
  #isWanted = false;
  readonly #keepAlive = new KeepAlive();
  readonly #aftermath = new Aftermath(() => this.#afterCall());
  readonly #health = new HealthCheck();
  readonly #intake: Intake;

  constructor(owner: SlotOwner, index: number) {
    this.#owner = owner;
    this.index = index;
    this.#starts = new Starts(owner.name);
    this.#intake = new Intake(owner.options, owner.isLocal);
    this.#isReplaced = !owner.options.onDemand;
    this.#reckon();
  }

  get state(): SlotState {
    return this.#state;
  }

  get host(): Host | undefined {
    return this.#host;
  }

  get active(): number {
    return this.#pending.size + this.#handed.size;
  }

  get isIdle(): boolean {
    return this.isOpen && this.active < this.#owner.options.concurrency;
  }

  /** Whether calls may hope for its worker: not for one that failed to start before, nor while there is no room for it. */
  get isHopeful(): boolean {
    if (this.#state === "starting") return !this.#starts.hasFailed && this.waitingFor === undefined;
    return this.#state === "ready";
  }

  /** Whether the place goes with the worker in it. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Whether a call would begin at once. */
  get isReadyAndIdle(): boolean {
    return this.#state === "ready" && this.isIdle;
  }

  /** Nothing is running, waiting to, or being let go of. */
  get isQuiet(): boolean {
    return this.#pending.size === 0 && this.#handed.isEmpty;
  }

  get isOpen(): boolean {
    return this.#intake.isOpen(this.active, this.served, this.#owner.isOwed, this.#host);
  }

  #reckon(): void {
    const isTaken = this.#owner.options.onDemand ? this.total > 0 : this.waitingFor !== undefined;
    this.#intake.reckon(this.#state, this.#isLeaving || isTaken);
  }

  #become(state: SlotState): void {
    this.#state = state;
    this.#reckon();
    this.#owner.roster.moved(this);
  }

  /** Whether the call is among those that the worker runs now. */
  hasBegun(call: Call): boolean {
    return this.#handed.hasBegun(call, this.#owner.options.concurrency);
  }

  /** Gives the worker a call, starting the worker where needed. */
  assign(call: Call): void {
    call.assignTo(this);
    this.total += 1;
    this.#keepAlive.set(true);
    if (this.#intake.pace.isAdaptive && this.active === 0) this.#intake.pace.begun();
    if (this.#owner.options.onDemand) this.#reckon();
    if (this.#state === "ready") {
      this.#hand(call);
    } else {
      this.#pending.add(call);
      this.#owner.roster.changed(this);
      if (this.#state === "cold") this.start();
    }
  }

  start(): void {
    this.#isWanted = true;
    if (this.#state !== "cold") return;
    this.#become("starting");
    this.#keepAlive.set(true);
    this.identity = this.#owner.identify(this.index);
    const host: Host = this.#owner.createHost(
      this.identity,
      this.#events(() => this.#host === host),
    );
    this.#host = host;
    this.#handed.restart();
    this.#waits(undefined);
    // It outlives the call that starts it.
    runOutsideScopes(() => host.launch());
    this.#keepAlive.attach(host);
  }

  /** Stops feeding the worker and ends it when its calls are over; a replacement starts when one is needed. */
  retire(isReplaced: boolean): void {
    if (!isReplaced) {
      this.#isReplaced = false;
      this.#isLeaving = true;
      this.#reckon();
    }
    switch (this.#state) {
      case "cold":
      case "backoff":
        this.#alarm.stop();
        this.#returnPending();
        this.#end();
        return;
      case "starting":
        this.#returnPending();
        this.terminate({ reason: "terminated" });
        return;
      case "ready":
        this.#become("retiring");
        this.#stopWhenQuiet();
        return;
      default:
    }
  }

  terminate(details: CrashDetails): void {
    this.#host?.terminate(details);
  }

  /** Deals with a call whose future is settled and that the worker still has: cancelled, or timed out. */
  release(call: Call, reason: unknown): void {
    if (this.#pending.delete(call)) {
      this.#owner.roster.changed(this);
      call.refundGrant();
      this.#afterCall();
      return;
    }
    const { abortStrategy, grace } = this.#owner.options;
    if (abortStrategy === "ignore") return;
    if (abortStrategy === "terminate" && this.hasBegun(call)) {
      this.#letGo(call);
      return;
    }
    this.#host!.cancel(call.sequence, reason, this.hasBegun(call));
    const host = this.#host;
    // While the worker has the call it keeps the event loop alive itself (L3).
    if (this.#handed.has(call)) setTimeout(() => this.#host === host && this.#letGo(call), grace).unref();
  }

  pull(call: Call, count: number): void {
    if (this.#handed.has(call)) this.#host!.pull(call.sequence, count);
  }

  /** Ends a stream; `false` when the worker does not have the call yet. */
  closeStream(call: Call): boolean {
    if (!this.#handed.has(call)) return false;
    const host = this.#host!;
    host.closeStream(call.sequence);
    // The one that reads no more waits for the generator's `finally`, and that must come.
    const isOurs = (): boolean => this.#host === host && this.#handed.has(call);
    setTimeout(() => isOurs() && call.cancel(undefined), this.#owner.options.grace).unref();
    return true;
  }

  /** Replaces the worker unless it answers within `timeout` ms, favourably. */
  checkHealth(timeout: number, method: number): void {
    if (this.#state === "ready" || this.#state === "retiring") this.#health.ask(this.#host!, timeout, method);
  }

  /** Every call that was given to this worker or may only go to it, taken away from it, but for those handed over. */
  surrender(): Call[] {
    return [...this.#takePending(), ...this.line.takeAll()];
  }

  #takePending(): Call[] {
    const calls = [...this.#pending];
    this.#pending.clear();
    this.#owner.roster.changed(this);
    return calls;
  }

  /** The calls that were handed to the worker and whose outcome is not known. */
  handed(): Call[] {
    return this.#handed.all();
  }

  #hand(call: Call): void {
    call.attempt += 1;
    call.worker = this.identity;
    this.#handed.add(call);
    if (this.#owner.roster.followsLoad) this.#owner.roster.changed(this);
    const host = this.#host!;
    let outcome: unknown;
    let status: "done" | "failed" = "done";
    try {
      outcome = host.call(call);
      if (outcome === LATER) return;
    } catch (error) {
      outcome = error;
      status = "failed";
    }
    if (this.#host === host && this.#handed.take(call.sequence) !== undefined)
      this.#answered(call, call.ran!, status, outcome);
    else this.#abandoned.ended(call.sequence);
  }

  /** Its worker has answered a call, which it has no more. */
  #answered(call: Call, ran: number, status: "done" | "failed", outcome: unknown): void {
    call.ran = ran;
    this.#intake.pace.record(ran);
    // What follows from it may already give it another; what it may have besides is found out after them all.
    this.#owner.roster.changed(this);
    this.#owner.answered(call, status, outcome);
    this.served += 1;
    this.#starts.succeeded();
    if (this.#intake.isSteady) this.#owner.hasRoom(this);
    else this.#aftermath.due();
  }

  #events(isCurrent: () => boolean): HostEvents {
    const outcome = (sequence: number, ran: number, status: "done" | "failed", value: unknown): void => {
      const call = isCurrent() ? this.#handed.take(sequence) : undefined;
      if (call) this.#answered(call, ran, status, value);
      else this.#abandoned.ended(sequence);
    };
    return {
      together: (tell) => this.#aftermath.together(tell),
      ready: () => isCurrent() && this.#ready(),
      waiting: (reason) => isCurrent() && this.#waits(reason),
      retire: () => isCurrent() && this.retire(true),
      startFailed: (error) => isCurrent() && this.#startFailed(error),
      done: (sequence, ran, value) => outcome(sequence, ran, "done", value),
      failed: (sequence, ran, error) => outcome(sequence, ran, "failed", error),
      items: (sequence, items) => this.#handed.get(sequence)?.traits.sink?.push(items),
      progress: (sequence, done, total) => this.#handed.get(sequence)?.reportProgress({ done, total }),
      log: (sequence, values) => this.#owner.logged(this.identity!, this.#handed.get(sequence), values),
      pong: (_sequence, isHealthy) => this.#health.answered(isHealthy),
      drained: () => isCurrent() && this.#afterCall(),
      memory: (bytes) => (this.memory = bytes),
      abandonedEnded: (sequence) => this.#abandoned.ended(sequence),
      exited: (details, cause) => isCurrent() && this.#exited(details, cause),
    };
  }

  /** Room for the worker is waited for, as long as it takes, and meanwhile others have its calls; its start is not. */
  #waits(reason: string | undefined): void {
    this.waitingFor = reason;
    this.#reckon();
    this.#owner.roster.changed(this);
    const { startTimeout, onDemand } = this.#owner.options;
    if (reason !== undefined) {
      this.#alarm.stop();
      // An urgent one is for this worker and no other.
      if (!onDemand) this.#returnPending(({ isUrgent }) => !isUrgent);
    } else {
      const late = new TimeoutError(`It was not ready after ${startTimeout} ms`, startTimeout);
      this.#alarm.set(startTimeout, () => this.#startFailed(late));
    }
  }

  #ready(): void {
    this.#alarm.stop();
    this.#become("ready");
    this.idleSince = performance.now();
    for (const call of this.#takePending()) this.#hand(call);
    this.#keepAlive.set(!this.isQuiet);
    this.#owner.becameReady(this);
    this.#owner.hasRoom(this);
  }

  /** After any call has left the worker, or what was sent to it this process. */
  #afterCall(): void {
    const { onDemand, isElastic, recycle } = this.#owner.options;
    if (this.isQuiet) {
      if (isElastic) this.idleSince = performance.now();
      this.#keepAlive.set(false);
    }
    if (this.#intake.pace.isAdaptive) {
      this.#intake.pace.heard();
      this.#reckon();
    }
    this.#owner.roster.changed(this);
    if (this.#state === "retiring") this.#stopWhenQuiet();
    else if (onDemand && this.isQuiet) this.retire(false);
    else if (this.served >= recycle.afterCalls || (this.memory ?? 0) > recycle.afterMemory) this.retire(true);
    else this.#owner.hasRoom(this);
  }

  #stopWhenQuiet(): void {
    if (this.#state !== "retiring") return;
    if (this.#isCondemned && this.handed().every((call) => call.place === "over" || !this.hasBegun(call))) {
      this.#host!.terminate({ reason: "terminated" });
      return;
    }
    if (!this.isQuiet) return;
    this.#become("stopping");
    this.#keepAlive.set(true);
    const host = this.#host!;
    this.#alarm.set(DISPOSE_WITHIN_MS, () => host.terminate({ reason: "terminated" }));
    host.stop();
  }

  /** A running call was given up: its worker is ended, or where that cannot be, the call is no longer listened to. */
  #letGo(call: Call): void {
    if (!this.#handed.has(call) || !this.hasBegun(call)) return;
    if (this.#host!.abandon(call.sequence)) {
      this.#abandoned.keep(call);
      this.#handed.take(call.sequence);
      this.#afterCall();
    } else if (this.#runsOthersThan(call)) {
      // Its siblings may finish, if the worker is still able to: otherwise they are lost with it.
      this.#become("retiring");
      this.#isCondemned = true;
      this.checkHealth(this.#owner.options.grace, -1);
    } else {
      this.#host!.terminate({ reason: "terminated" });
    }
  }

  #runsOthersThan(call: Call): boolean {
    return this.handed().some((other) => other !== call && other.place !== "over" && this.hasBegun(other));
  }

  #startFailed(cause: unknown): void {
    this.#alarm.stop();
    const host = this.#host;
    this.#host = undefined;
    host?.terminate({ reason: "terminated" });
    this.#cannotStart(this.#starts.threw(cause));
  }

  #cannotStart(error: WorkerStartError): void {
    this.#keepAlive.set(false);
    this.#isWanted = false;
    this.#back();
    this.#owner.cannotStart(this, error);
    // It was to go while it started: nothing else is heard of a worker that has failed.
    if (this.#isLeaving && this.#state === "backoff") this.retire(false);
  }

  /** Waits before the next start, longer after each failure, so that a broken worker does not use up the machine. */
  #back(): void {
    this.#become("backoff");
    this.#alarm.set(this.#starts.pause, () => {
      this.#become("cold");
      if (this.#isWanted || this.#pending.size > 0) this.start();
      this.#owner.hasRoom(this);
    });
  }

  #exited(details: CrashDetails, cause: unknown): void {
    const host = this.#host!;
    const wasStarting = this.#state === "starting";
    const isPlanned = this.#state === "stopping";
    // Takes nothing while its calls are dealt with.
    this.#become("stopping");
    this.#alarm.stop();
    this.#host = undefined;
    this.#isCondemned = false;
    this.memory = undefined;
    this.waitingFor = undefined;
    this.#health.forget();
    const handed = this.#handed.inOrder();
    const begun = host.mayHaveBegun(handed, this.#owner.options.concurrency);
    const { broken, lost } = divide(handed, begun, this.#owner.options.delivery);
    // One that dies as soon as it is ready, before it begins what waits for it, would do so for ever.
    const isByItself = !isPlanned && !isForced(details.reason);
    const isStillborn = wasStarting || (isByItself && this.served === 0 && begun === 0 && lost.length > 0);
    broken.push(...this.#handed.urgent());
    if (host.runsOn) for (const call of broken) this.#abandoned.keep(call);
    this.#lose(broken, details, cause);
    for (const call of lost) call.attempt -= 1;
    if (isStillborn && !this.#isLeaving) {
      const before = this.#takePending();
      for (const call of [...lost, ...before]) this.#pending.add(call);
      const error = this.#starts.died(details, cause);
      if (error) this.#cannotStart(error);
      else this.#back();
      return;
    }
    if (!isPlanned && !wasStarting) {
      this.restarts += 1;
      this.#owner.died(this, this.identity!, details);
    }
    const waiting = [...lost, ...this.#takePending()];
    this.#end();
    this.#owner.takeBack(waiting);
    this.#owner.hasRoom(this);
  }

  /** Fails the calls that may have begun (L2). */
  #lose(calls: readonly Call[], details: CrashDetails, cause: unknown): void {
    this.#handed.clear();
    for (const call of calls) {
      this.#owner.answered(call, "failed", deathError(call.name, this.identity!.id, details, cause));
    }
  }

  #returnPending(isReturned: (call: Call) => boolean = () => true): void {
    const calls = [...this.#pending].filter((call) => isReturned(call));
    for (const call of calls) this.#pending.delete(call);
    this.#owner.roster.changed(this);
    if (calls.length > 0) this.#owner.takeBack(calls);
  }

  /** The host is gone: the place is free for another, or gone too. */
  #end(): void {
    this.#keepAlive.set(false);
    this.idleSince = performance.now();
    this.served = 0;
    if (this.#isReplaced) {
      this.#become("cold");
      if (this.line.size > 0) this.#owner.hasRoom(this);
    } else {
      this.#become("gone");
      this.#owner.gone(this);
    }
  }
}
