/**
 * A pool: takes calls, lets them wait, gives them to workers.
 *
 * Owns the waiting room and the tally. The roster owns the slots; a slot owns its worker and the calls given to it; a call
 * owns its future.
 *
 * States: running → stopping → stopped.
 *
 * P1. While a call waits in the room no worker is open: whatever opens one feeds it from the room.
 * P2. Every call ends: by its worker, by its deadline or signal, by the death of its worker, when no worker can be
 *     started, or when the pool stops.
 * P3. Between a call that only one worker may take and one that any may take, the lower rank goes first.
 */
import { BrokerUnavailableError, CancelledError, type CrashDetails, type WorkerStartError } from "../errors.js";
import { pass, readNow, turnNow } from "../config/turn-clock.js";
import type { Host, HostEvents } from "../modes/executor.js";
import type { WorkerIdentity } from "../wire/protocol.js";
import { WaitingRoom } from "../waiting/waiting-room.js";
import { Aside } from "./aside.js";
import { Attempts, type AttemptsOwner } from "./attempts.js";
import { Call, type CallOwner, type CallTraits, type OutcomeTaker } from "./call.js";
import { currentScope } from "../scope/current-scope.js";
import { CallKind } from "./call-kind.js";
import { Emitter } from "./events.js";
import { Gate } from "../waiting/gate.js";
import { LimitedCalls, type LimitedOwner } from "./limited-calls.js";
import type { MethodInfo } from "./method-plan.js";
import type { CallOptions, ElasticSize, ResolvedOptions } from "./options.js";
import type { PoolSetup } from "./pool-setup.js";
import { type PoolStats, Tally } from "./pool-stats.js";
import { arePrimitive, prepare } from "./prepare.js";
import { printLog } from "./print-log.js";
import { Readiness } from "./readiness.js";
import { poolFull, poolStopped, startedLate, stoppedEarly, stoppedLate, tookTooLong } from "./refusals.js";
import { Roster } from "./roster.js";
import { Slot } from "./slot.js";
import type { SlotOwner } from "./slot-owner.js";
import { Upkeep } from "./upkeep.js";

const STOP_WITHIN_MS = 30_000;

export class PoolCore implements CallOwner, SlotOwner, AttemptsOwner, LimitedOwner {
  readonly #setup: PoolSetup;
  readonly id: string;
  readonly name: string;
  readonly methods: readonly MethodInfo[];
  readonly options: ResolvedOptions;
  readonly events = new Emitter();
  readonly #room = new WaitingRoom<Call>();
  readonly #aside = new Aside();
  readonly #attempts: Attempts | undefined;
  readonly #limited: LimitedCalls;
  readonly #tally = new Tally();
  readonly roster: Roster;
  readonly isLocal: boolean;
  #generation = 0;
  #state: "running" | "stopping" | "stopped" = "running";
  #stopping: Promise<void> | undefined;
  #onStopped: (() => void) | undefined;
  /** Whether a worker was owed to somebody, and calls that wait may have to be given out (D1). */
  #hasHeldBack = false;
  readonly #upkeep = new Upkeep();
  readonly #drains = new Gate();
  readonly #rooms = new Gate();
  readonly #readiness = new Readiness();

  constructor(setup: PoolSetup) {
    this.#setup = setup;
    this.id = setup.id;
    this.name = setup.name;
    this.methods = setup.methods;
    this.options = setup.options;
    this.isLocal = setup.options.mode === "sync" || setup.options.mode === "async";
    if (setup.plans) this.#attempts = new Attempts(this);
    this.roster = new Roster(setup.name, setup.options, (index) => new Slot(this, index));
    this.#limited = new LimitedCalls(this, setup.limits, this.roster);
    const { healthCheck, isElastic, idleTimeout } = setup.options;
    if (healthCheck) {
      const { interval, timeout, method } = healthCheck;
      const index = setup.methods.find(({ name }) => name === method)?.index ?? -1;
      this.#upkeep.every(interval, () => this.slots.forEach((slot) => slot.checkHealth(timeout, index)));
    }
    if (isElastic) this.#upkeep.every(Math.max(20, idleTimeout / 2), () => this.#retireAll(this.roster.tooIdle()));
  }

  get slots(): readonly Slot[] {
    return this.roster.all;
  }

  get tally(): Tally {
    return this.#tally;
  }

  /** The workers that take calls, or will. */
  get liveSlots(): readonly Slot[] {
    return this.roster.live;
  }

  get isStopped(): boolean {
    return this.#state !== "running";
  }

  /** For calls of this method that are made in this way; `isTaken` where each comes with one who takes its outcome. */
  kindOf(method: MethodInfo, options: CallOptions, traits: CallTraits, isTaken = false): CallKind {
    return new CallKind(this, method, options, traits, this.#setup.plans?.[method.index], this.options, isTaken);
  }

  /** Makes a call. Never throws and never blocks: whatever happens becomes the outcome of the future. */
  submit(kind: CallKind, args: readonly unknown[], taker?: OutcomeTaker): Call {
    // A worker in this event loop may begin with it at once, and then this is when it began.
    const call = new Call(kind, ++this.#tally.made, args, this.isLocal ? readNow() : turnNow(), taker);
    // What most calls are: nothing to watch, nothing to look into, and a worker that takes it.
    const isPlain = kind.isPlain && this.#state === "running" && currentScope() === undefined && arePrimitive(args);
    const slot = isPlain && this.#room.size === 0 ? this.roster.choose() : undefined;
    if (slot !== undefined) {
      this.#tally.dispatched += 1;
      slot.assign(call);
    } else {
      this.#prepare(call);
    }
    if (this.isLocal) pass();
    return call;
  }

  #prepare(call: Call): void {
    const { plan } = call.kind;
    this.#tally.queued += 1;
    if (this.#state !== "running") {
      call.finish("failed", poolStopped(call));
    } else if (call.watch()) {
      plan?.retry?.onCall(call.submittedAt);
      prepare(call, plan?.args, this);
    }
  }

  /** The reader of a stream took `count` items. */
  pull(call: Call, count: number): void {
    if (call.place === "worker") (call.slot as Slot).pull(call, count);
  }

  /** The reader of a stream wants no more: the call ends when the generator's `finally` has run. */
  closeStream(call: Call): void {
    const isHanded = call.place === "worker" && (call.slot as Slot).closeStream(call);
    if (!isHanded) this.#abandon(call, "done", undefined);
  }

  cancel(call: Call, reason: unknown): void {
    this.#abandon(call, "cancelled", reason ?? new CancelledError(`The call of '${call.name}' was cancelled`));
  }

  timedOut(call: Call): void {
    const state = call.isRunning ? "running" : `waiting${this.roster.whyNoneHasPlace}`;
    this.#abandon(call, "failed", tookTooLong(call, state));
  }

  over(call: Call, status: "done" | "failed" | "cancelled", from: Call["place"]): void {
    this.#tally.ended(status);
    if (from !== "worker") this.#overBefore(call);
    if (call.ran !== undefined) this.#tally.took(call.ran, call.waited!);
    this.#checkDrained();
  }

  /** It is over before a worker was given it. */
  #overBefore(call: Call): void {
    this.#aside.drop(call);
    call.refundGrant();
    this.#leftTheRoom();
    this.#feedIfFree();
  }

  /** Resolves when the waiting room has space. */
  async room(): Promise<void> {
    if (this.#tally.queued >= this.options.capacity && !this.isStopped) await this.#rooms.wait();
  }

  /** Resolves when no call waits or runs. */
  async drain(): Promise<void> {
    if (!this.#isDrained) await this.#drains.wait();
  }

  /** Starts the workers that are always kept, and resolves when they take calls. */
  async ready(): Promise<void> {
    if (this.isStopped) throw startedLate(this.name);
    if (this.options.onDemand) return;
    if (this.slots.length === 0) this.roster.add();
    const missing = this.liveSlots.filter((slot) => slot.state !== "ready");
    await Promise.all(missing.map(async (slot) => this.#readiness.of(slot)));
  }

  /** Changes the number of workers, or its bounds; surplus workers finish what they have. */
  resize(size: number | ElasticSize): void {
    this.#retireAll(this.roster.resize(size));
    for (const slot of this.slots) this.#feed(slot);
    this.#growForRoom();
  }

  /**
   * Refuses new calls, cancels those that wait, lets the running ones finish for `timeout` ms, then ends the workers.
   * Default: 30,000 ms.
   */
  async stop(timeout = STOP_WITHIN_MS): Promise<void> {
    if (this.#state === "stopped") return;
    this.#stopping ??= this.#stop();
    const limit = setTimeout(() => this.#stopNow(timeout), timeout);
    await this.#stopping;
    clearTimeout(limit);
  }

  stats(): PoolStats {
    return this.#tally.report(this.id, this.isStopped, this.options, this.slots, this.#setup.limits.reports());
  }

  // What slots ask of their pool.

  createHost(identity: WorkerIdentity, events: HostEvents): Host {
    return this.#setup.createHost(identity, events, this.#setup.limits.of(identity.index));
  }

  identify(index: number): WorkerIdentity {
    this.#generation += 1;
    return { index, id: `${this.id}/${this.#generation}`, mode: this.options.mode, pool: this.id };
  }

  get isOwed(): boolean {
    return this.#limited.isOwed;
  }

  answered(call: Call, status: "done" | "failed", outcome: unknown): void {
    if (this.#attempts) this.#attempts.ended(call, status, outcome);
    else call.finish(status, outcome);
  }

  hasRoom(slot: Slot): void {
    // Whoever waits for a worker, for limits, or for anything else is counted there.
    if (this.#tally.queued > 0) {
      if (this.#limited.isOwed) this.#limited.serve();
      this.#feed(slot);
      this.#feedIfFree();
    }
    this.#checkDrained();
  }

  takeBack(calls: Call[]): void {
    for (const call of calls) {
      call.wait();
      this.#tally.queued += 1;
      call.refundGrant();
      if (this.isStopped) this.#abandon(call, "cancelled", stoppedEarly(this.name));
      else this.#enter(call);
    }
  }

  becameReady(slot: Slot): void {
    this.events.emit("ready", { worker: slot.identity! });
    this.#readiness.settle(slot, undefined);
  }

  died(_slot: Slot, worker: WorkerIdentity, details: CrashDetails): void {
    this.events.emit("crash", { worker, details });
  }

  cannotStart(slot: Slot, failure: WorkerStartError): void {
    // That the broker is not there has nothing to do with the worker.
    const error = failure.cause instanceof BrokerUnavailableError ? failure.cause : failure;
    this.events.emit("start-failed", { error });
    this.#readiness.settle(slot, error);
    const isHopeless = !this.slots.some(({ isHopeful }) => isHopeful);
    const own = slot.surrender();
    const bound = own.filter((call) => this.roster.isBound(call));
    const free = own.filter((call) => !this.roster.isBound(call));
    const failing = isHopeless || this.options.onDemand ? own : bound;
    if (isHopeless) {
      failing.push(...this.#room.takeAll(), ...this.slots.flatMap((other) => other.surrender()));
    } else if (failing === bound) {
      this.takeBack(free);
    }
    failing.push(...this.#limited.owed(isHopeless ? undefined : slot.index));
    for (const call of failing) call.finish("failed", error);
    if (this.options.onDemand) slot.retire(false);
  }

  gone(slot: Slot): void {
    this.roster.remove(slot);
    this.#tally.restarts += slot.restarts;
    this.#reroute(slot);
    // A pool that became smaller is not waited for any longer than its other workers.
    this.#readiness.settle(slot, this.isStopped ? stoppedEarly(this.name) : undefined);
    this.#growForRoom();
    if (this.slots.length === 0) this.#onStopped?.();
  }

  logged(worker: WorkerIdentity, call: Call | undefined, values: unknown[]): void {
    if (this.events.emit("log", { worker, callId: call?.id, values })) return;
    printLog(this.name, worker, values);
  }

  // How a call finds its worker.

  prepared(call: Call, args: readonly unknown[]): void {
    if (call.place === "over") return;
    this.#aside.delete(call);
    call.args = args;
    if (this.#mayEnter(call)) this.#enter(call);
  }

  /** Turns a call away, this one or another, when too many wait. */
  #mayEnter(call: Call): boolean {
    const { capacity, overflow } = this.options;
    if (this.#tally.queued <= capacity || overflow === "wait") return true;
    // Behind it a call would wait for limits, however many workers have nothing to do.
    const isBehind = call.kind.plan?.cost !== undefined && this.#limited.hasWaiting;
    if (this.roster.hasOpen && !isBehind) return true;
    const oldest = (isBehind ? this.#limited.oldest() : undefined) ?? this.#room.oldest();
    const dropped = overflow === "reject" ? call : (oldest ?? call);
    this.#room.delete(dropped);
    dropped.finish("failed", poolFull(dropped, capacity, overflow));
    return dropped !== call;
  }

  /** Lets a call wait for the limits it needs, or else for a worker. */
  #enter(call: Call): void {
    const cost = call.kind.plan?.cost;
    if (cost) {
      this.#limited.add(call, cost);
    } else {
      call.wait();
      this.#admit(call);
    }
  }

  // What calls with limits and attempts ask of their pool.

  setAside(call: Call, leave?: () => void): void {
    if (call.place === "worker") this.#tally.queued += 1;
    this.#aside.add(call, leave);
  }

  again(call: Call, delay: number, error: unknown): void {
    if (this.isStopped) {
      call.finish("failed", error);
      return;
    }
    this.#tally.retried += 1;
    if (call.worker) call.extras.boundTo = call.worker;
    const timer = setTimeout(() => {
      this.#aside.delete(call);
      this.#enter(call);
    }, delay);
    this.setAside(call, () => clearTimeout(timer));
  }

  begin(call: Call): void {
    this.#aside.delete(call);
    const mayAdd = this.options.onDemand && this.roster.mayGrow;
    const slot = mayAdd ? this.roster.add() : this.roster.idleFor(call);
    if (slot) {
      this.#give(call, slot);
    } else {
      call.wait();
      this.#admit(call);
    }
    this.#feedIfFree();
  }

  owesNone(): void {
    this.#hasHeldBack = true;
    this.roster.recheck();
  }

  /** While a worker was owed to somebody, none was handed anything ahead (D1): makes up for it (P1). */
  #feedIfFree(): void {
    if (!this.#hasHeldBack || this.#limited.isOwed) return;
    this.#hasHeldBack = false;
    for (const slot of this.slots) this.#feed(slot);
  }

  /** Gives a call to a worker, or lets it wait for one. */
  #admit(call: Call): void {
    if (!call.kind.isRouted && call.boundTo === undefined) {
      this.#giveAny(call);
      return;
    }
    let target: Slot | undefined;
    try {
      target = this.roster.route(call);
    } catch (error) {
      call.finish("failed", error);
      return;
    }
    if (target && call.isUrgent) {
      this.#give(call, target);
    } else if (target) {
      target.line.add(call);
      this.#feed(target);
    } else {
      this.#giveAny(call);
    }
  }

  /** Gives a call to any worker, or lets it wait in the room. */
  #giveAny(call: Call): void {
    const slot = this.#room.size === 0 ? this.roster.choose() : undefined;
    if (slot) {
      this.#give(call, slot);
    } else {
      this.#room.add(call);
      this.#growForRoom();
    }
  }

  #give(call: Call, slot: Slot): void {
    this.#tally.dispatched += 1;
    this.#leftTheRoom();
    slot.assign(call);
  }

  /** Gives the worker what waits, as far as it has room (P1, P3). */
  #feed(slot: Slot): void {
    // In this event loop a synchronous method has ended before it is given: the loop that runs already sees to the next.
    if (slot.isBeingFed || (this.#room.size === 0 && slot.line.size === 0)) return;
    slot.isBeingFed = true;
    try {
      for (let call = this.#nextFor(slot); call; call = this.#nextFor(slot)) this.#give(call, slot);
    } finally {
      slot.isBeingFed = false;
    }
  }

  #nextFor(slot: Slot): Call | undefined {
    if (!slot.isOpen) return undefined;
    if (slot.line.size === 0) return this.#room.take();
    const own = slot.line.peek();
    const shared = this.#room.peek();
    // No choice to make between workers: while calls wait in the room no other is open (P1).
    return own && (!shared || own.rank <= shared.rank) ? slot.line.take() : this.#room.take();
  }

  #abandon(call: Call, status: "done" | "failed" | "cancelled", outcome: unknown): void {
    const { place } = call;
    if (place === "over") return;
    call.waitsIn?.delete(call);
    const slot = call.slot as Slot | undefined;
    call.finish(status, outcome);
    if (place === "worker") slot!.release(call, outcome);
  }

  #leftTheRoom(): void {
    this.#tally.queued -= 1;
    if (!this.#rooms.isEmpty && this.#tally.queued < this.options.capacity) this.#rooms.openForOne();
  }

  // How many workers there are.

  #growForRoom(): void {
    while (this.#room.size > 0 && this.roster.mayGrow) this.#give(this.#room.take()!, this.roster.add());
  }

  #retireAll(slots: readonly Slot[]): void {
    for (const slot of slots) {
      slot.retire(false);
      this.#reroute(slot);
    }
  }

  /** Finds another worker for calls that waited for one that is leaving. */
  #reroute(slot: Slot): void {
    const waiting = slot.line.takeAll();
    this.#tally.queued -= waiting.length;
    this.takeBack(waiting);
    this.#limited.reroute(slot.index);
  }

  // Starting and stopping.

  get #isDrained(): boolean {
    return this.#tally.areAllOver && this.slots.every(({ isQuiet }) => isQuiet);
  }

  #checkDrained(): void {
    if (!this.#drains.isEmpty && this.#isDrained) this.#drains.openForAll();
  }

  async #stop(): Promise<void> {
    this.#state = "stopping";
    this.events.emit("stop", {});
    this.roster.close();
    this.#upkeep.stop();
    const error = stoppedEarly(this.name);
    const waiting = [...this.#aside.all(), ...this.#room.takeAll(), ...this.slots.flatMap((slot) => slot.surrender())];
    const handed = this.slots.flatMap((slot) => slot.handed()).filter((call) => !call.isRunning);
    for (const call of waiting) call.finish("cancelled", error);
    for (const call of handed) this.#abandon(call, "cancelled", error);
    this.#rooms.openForAll();
    const allGone = new Promise<void>((resolve) => (this.#onStopped = resolve));
    if (this.slots.length === 0) this.#onStopped!();
    for (const slot of this.slots) slot.retire(false);
    await allGone;
    this.#state = "stopped";
  }

  #stopNow(timeout: number): void {
    const error = stoppedLate(this.name, timeout);
    for (const slot of this.slots) {
      for (const call of slot.handed()) call.finish("cancelled", error);
      slot.terminate({ reason: "terminated" });
    }
  }
}
