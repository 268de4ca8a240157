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
import {
  CancelledError,
  type CrashDetails,
  PoolFullError,
  PoolStoppedError,
  TimeoutError,
  type WorkerStartError,
} from "../errors.js";
import { findFutures, whenUnwrapped } from "../future/unwrap.js";
import type { Host, HostEvents } from "../modes/executor.js";
import type { WorkerIdentity } from "../wire/protocol.js";
import { Call, type CallOwner, type CallTraits } from "./call.js";
import { Emitter } from "./events.js";
import type { CallOptions, ElasticSize, ResolvedOptions } from "./options.js";
import { type PoolStats, Tally } from "./pool-stats.js";
import { Roster } from "./roster.js";
import { Slot, type SlotOwner } from "./slot.js";
import { WaitingRoom } from "../waiting/waiting-room.js";

/** A method of the worker class, as calls refer to it. */
export interface MethodInfo {
  readonly index: number;
  readonly name: string;
  readonly isStream: boolean;
}

/** What a pool is made from. */
export interface PoolSetup {
  /** The name of the worker class. */
  readonly name: string;
  /** Unique within the program. */
  readonly id: string;
  readonly methods: readonly MethodInfo[];
  readonly options: ResolvedOptions;
  /** Makes a host of the executor for a worker of this pool. */
  createHost(identity: WorkerIdentity, events: HostEvents): Host;
}

const STOP_WITHIN_MS = 30_000;

export class PoolCore implements CallOwner, SlotOwner {
  readonly #setup: PoolSetup;
  readonly options: ResolvedOptions;
  readonly events = new Emitter();
  readonly #room = new WaitingRoom<Call>();
  /** Calls among whose arguments a future is pending. */
  readonly #preparing = new Set<Call>();
  readonly #tally = new Tally();
  readonly #roster: Roster;
  #calls = 0;
  #generation = 0;
  /** Calls whose futures are not settled. */
  #unsettled = 0;
  #state: "running" | "stopping" | "stopped" = "running";
  #stopping: Promise<void> | undefined;
  #onStopped: (() => void) | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #drains: (() => void)[] = [];
  #rooms: (() => void)[] = [];
  #readiness: { slot: Slot; resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(setup: PoolSetup) {
    this.#setup = setup;
    this.options = setup.options;
    this.#roster = new Roster(setup.name, setup.options, (index) => new Slot(this, index));
    const { healthCheck, isElastic, idleTimeout } = setup.options;
    if (healthCheck) this.#every(healthCheck.interval, () => this.#checkHealth());
    if (isElastic) this.#every(Math.max(20, idleTimeout / 2), () => this.#retireAll(this.#roster.tooIdle()));
  }

  get id(): string {
    return this.#setup.id;
  }

  get name(): string {
    return this.#setup.name;
  }

  get slots(): readonly Slot[] {
    return this.#roster.all;
  }

  /** The workers that take calls, or will. */
  get liveSlots(): readonly Slot[] {
    return this.#roster.live;
  }

  get isStopped(): boolean {
    return this.#state !== "running";
  }

  /** Makes a call. Never throws and never blocks: whatever happens becomes the outcome of the future. */
  submit(method: MethodInfo, args: readonly unknown[], options: CallOptions, traits: CallTraits): Call {
    const call = new Call(this, ++this.#calls, method, args, options, traits, this.options.ageing);
    this.#unsettled += 1;
    this.#tally.queued += 1;
    if (this.#state !== "running") {
      const error = new PoolStoppedError(`Cannot call '${method.name}' as the pool of '${this.name}' is stopped`);
      call.finish("failed", error);
    } else if (call.watch(this.options.timeout)) {
      this.#prepare(call);
    }
    return call;
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
    const timeout = call.options.timeout ?? this.options.timeout!;
    const message = `Cannot finish '${call.name}' within ${timeout} ms as it was still ${call.isRunning ? "running" : "waiting"}`;
    this.#abandon(call, "failed", new TimeoutError(message, timeout));
  }

  over(call: Call, status: "done" | "failed" | "cancelled", from: Call["place"]): void {
    this.#unsettled -= 1;
    this.#tally[status] += 1;
    if (from === "preparing") this.#preparing.delete(call);
    if (from !== "worker") this.#leftTheRoom();
    if (call.ran !== undefined && call.waited !== undefined) {
      this.#tally.run.record(call.ran);
      this.#tally.wait.record(call.waited);
    }
    this.#checkDrained();
  }

  /** Resolves when the waiting room has space. */
  async room(): Promise<void> {
    if (this.#tally.queued < this.options.capacity || this.isStopped) return;
    await new Promise<void>((resolve) => this.#rooms.push(resolve));
  }

  /** Resolves when no call waits or runs. */
  async drain(): Promise<void> {
    if (this.#isDrained) return;
    await new Promise<void>((resolve) => this.#drains.push(resolve));
  }

  /** Starts the workers that are always kept, and resolves when they take calls. */
  async ready(): Promise<void> {
    if (this.#state !== "running")
      throw new PoolStoppedError(`Cannot start the pool of '${this.name}' as it is stopped`);
    if (this.options.onDemand) return;
    if (this.slots.length === 0) this.#roster.add();
    const waits = this.liveSlots
      .filter((slot) => slot.state !== "ready")
      .map(async (slot) => {
        const isReady = new Promise<void>((resolve, reject) => this.#readiness.push({ slot, resolve, reject }));
        slot.start();
        await isReady;
      });
    await Promise.all(waits);
  }

  /** Changes the number of workers, or its bounds; surplus workers finish what they have. */
  resize(size: number | ElasticSize): void {
    this.#retireAll(this.#roster.resize(size));
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
    return this.#tally.report(this.id, this.isStopped, this.options, this.slots);
  }

  // What slots ask of their pool.

  createHost(identity: WorkerIdentity, events: HostEvents): Host {
    return this.#setup.createHost(identity, events);
  }

  identify(index: number): WorkerIdentity {
    this.#generation += 1;
    return { index, id: `${this.id}/${this.#generation}`, mode: this.options.mode, pool: this.id };
  }

  hasRoom(slot: Slot): void {
    this.#feed(slot);
    this.#checkDrained();
  }

  takeBack(calls: Call[]): void {
    for (const call of calls) {
      call.place = "waiting";
      call.slot = undefined;
      this.#tally.queued += 1;
      if (this.isStopped) this.#abandon(call, "cancelled", this.#stoppedEarly());
      else this.#admit(call);
    }
  }

  becameReady(slot: Slot): void {
    this.events.emit("ready", { worker: slot.identity! });
    this.#settleReadiness(slot, undefined);
  }

  died(_slot: Slot, worker: WorkerIdentity, details: CrashDetails): void {
    this.events.emit("crash", { worker, details });
  }

  cannotStart(slot: Slot, error: WorkerStartError): void {
    this.events.emit("start-failed", { error });
    this.#settleReadiness(slot, error);
    const isHopeless = !this.slots.some(({ state }) => state === "ready" || state === "starting");
    const own = slot.surrender();
    const [bound, free] = [
      own.filter((call) => this.#roster.isBound(call)),
      own.filter((call) => !this.#roster.isBound(call)),
    ];
    const failing = isHopeless || this.options.onDemand ? own : bound;
    if (isHopeless) {
      failing.push(...this.#room.takeAll(), ...this.slots.flatMap((other) => other.surrender()));
    } else if (failing === bound) {
      this.takeBack(free);
    }
    for (const call of failing) call.finish("failed", error);
    if (this.options.onDemand) slot.retire(false);
  }

  gone(slot: Slot): void {
    this.#roster.remove(slot);
    this.#tally.restarts += slot.restarts;
    this.#reroute(slot);
    this.#settleReadiness(slot, new PoolStoppedError(`The worker ${slot.index} of '${this.name}' was stopped`));
    this.#growForRoom();
    if (this.slots.length === 0) this.#onStopped?.();
  }

  logged(worker: WorkerIdentity, call: Call | undefined, values: unknown[]): void {
    if (!this.events.emit("log", { worker, callId: call?.id, values })) {
      // oxlint-disable-next-line no-console -- what a method logs must be seen, also when nobody listens
      console.log(`[${this.name} ${worker.index}]`, ...values);
    }
  }

  // How a call finds its worker.

  #prepare(call: Call): void {
    let futures: ReturnType<typeof findFutures>;
    try {
      if (this.options.unwrapFutures) futures = findFutures(call.args);
    } catch (error) {
      call.finish("failed", error);
      return;
    }
    if (!futures) {
      this.#enter(call);
      return;
    }
    this.#preparing.add(call);
    whenUnwrapped(
      call.args,
      futures,
      (args) => {
        if (!this.#preparing.delete(call)) return;
        call.args = args;
        this.#enter(call);
      },
      (error) => call.finish("failed", error),
    );
  }

  #enter(call: Call): void {
    const { capacity, overflow } = this.options;
    if (this.#tally.queued > capacity && overflow !== "wait" && !this.#roster.hasOpen) {
      const dropped = overflow === "reject" ? call : (this.#room.oldest() ?? call);
      this.#room.delete(dropped);
      const message = `Cannot call '${dropped.name}' as ${capacity} calls wait in the pool of '${this.name}' already`;
      dropped.finish("failed", new PoolFullError(`${message}: overflow is '${overflow}'`));
      if (dropped === call) return;
    }
    call.place = "waiting";
    this.#admit(call);
  }

  /** Gives a call to a worker, or lets it wait for one. */
  #admit(call: Call): void {
    let target: Slot | undefined;
    try {
      target = this.#roster.route(call);
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
      const slot = this.#room.size === 0 ? this.#roster.choose() : undefined;
      if (slot) {
        this.#give(call, slot);
      } else {
        this.#room.add(call);
        this.#growForRoom();
      }
    }
  }

  #give(call: Call, slot: Slot): void {
    this.#tally.dispatched += 1;
    call.place = "worker";
    this.#leftTheRoom();
    slot.assign(call);
  }

  /** Gives the worker what waits, as far as it has room (P1, P3). */
  #feed(slot: Slot): void {
    while (slot.isOpen) {
      const own = slot.line.peek();
      const shared = this.#room.peek();
      if (own && (!shared || own.rank <= shared.rank)) {
        this.#give(slot.line.take()!, slot);
      } else if (shared) {
        // No choice to make: while calls wait in the room no other worker is open (P1).
        this.#give(this.#room.take()!, slot);
      } else {
        return;
      }
    }
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
    if (this.#rooms.length > 0 && this.#tally.queued < this.options.capacity) this.#rooms.shift()!();
  }

  // How many workers there are.

  #growForRoom(): void {
    while (this.#room.size > 0 && this.#roster.mayGrow) this.#give(this.#room.take()!, this.#roster.add());
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
  }

  #checkHealth(): void {
    const { timeout, method } = this.options.healthCheck!;
    const index = method === undefined ? -1 : this.#setup.methods.find(({ name }) => name === method)!.index;
    for (const slot of this.slots) slot.checkHealth(timeout, index);
  }

  #every(ms: number, fn: () => void): void {
    this.#timers.push(setInterval(fn, ms).unref());
  }

  // Starting and stopping.

  #settleReadiness(slot: Slot, error: Error | undefined): void {
    const settled = this.#readiness.filter((wait) => wait.slot === slot);
    this.#readiness = this.#readiness.filter((wait) => wait.slot !== slot);
    for (const { resolve, reject } of settled) {
      if (error) reject(error);
      else resolve();
    }
  }

  get #isDrained(): boolean {
    return this.#unsettled === 0 && this.slots.every(({ isQuiet }) => isQuiet);
  }

  #checkDrained(): void {
    if (this.#drains.length === 0 || !this.#isDrained) return;
    for (const resolve of this.#drains.splice(0)) resolve();
  }

  async #stop(): Promise<void> {
    this.#state = "stopping";
    this.events.emit("stop", {});
    this.#roster.close();
    for (const timer of this.#timers) clearInterval(timer);
    const error = this.#stoppedEarly();
    const waiting = [...this.#preparing, ...this.#room.takeAll(), ...this.slots.flatMap((slot) => slot.surrender())];
    const handed = this.slots.flatMap((slot) => slot.handed()).filter((call) => !call.isRunning);
    for (const call of waiting) call.finish("cancelled", error);
    for (const call of handed) this.#abandon(call, "cancelled", error);
    for (const resolve of this.#rooms.splice(0)) resolve();
    const allGone = new Promise<void>((resolve) => (this.#onStopped = resolve));
    if (this.slots.length === 0) this.#onStopped!();
    for (const slot of this.slots) slot.retire(false);
    await allGone;
    this.#state = "stopped";
  }

  #stoppedEarly(): PoolStoppedError {
    return new PoolStoppedError(`The pool of '${this.name}' was stopped before the call could run`);
  }

  #stopNow(timeout: number): void {
    const error = new PoolStoppedError(
      `The pool of '${this.name}' was stopped and the call did not end in ${timeout} ms`,
    );
    for (const slot of this.slots) {
      for (const call of slot.handed()) call.finish("cancelled", error);
      slot.terminate({ reason: "terminated" });
    }
  }
}
