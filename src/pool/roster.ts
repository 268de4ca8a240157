/**
 * The workers of a pool: how many there are, and which one a call goes to.
 *
 * Owns the list of slots, in order of their index, and its bounds. What is in a slot is the slot's.
 *
 * O1. To find a worker for a call that any may take costs the same however many there are: slots tell of each change
 *     (`changed`), and of what concerns all of them `recheck` tells.
 */
import { forcedMode } from "../config/forced-mode.js";
import { PoolStoppedError } from "../errors.js";
import { askBalancer, type Balancer, createBalancer, workerForKey } from "./balancers.js";
import type { Call } from "./call.js";
import { Likely } from "./likely.js";
import { checkBounds, checkCount, type ElasticSize, type ResolvedOptions } from "./options.js";
import type { Slot } from "./slot.js";

export class Roster {
  readonly #options: ResolvedOptions;
  readonly #name: string;
  readonly #create: (index: number) => Slot;
  /** Where a function of the user's chooses, that has the say over each call. */
  readonly #balancer: Balancer<Slot>;
  readonly #idle = new Likely<Slot>((slot) => slot.isIdle);
  /** Whether more calls of a slot are a change too: `changed` must be called for them. */
  readonly followsLoad: boolean;
  #slots: Slot[] = [];
  /** Where there is one alone, and none is added when it is busy: it need not be chosen. */
  #only: Slot | undefined;
  /** Those that are not on their way out, once somebody asked. */
  #live: readonly Slot[] | undefined;
  /** Whether any of them may have become open (O1). */
  #isStale = false;
  #min: number;
  #max: number;
  #isClosed = false;
  #turn = 0;

  constructor(name: string, options: ResolvedOptions, create: (index: number) => Slot) {
    this.#name = name;
    this.#options = options;
    this.#create = create;
    this.#min = options.min;
    this.#max = options.max;
    const { loadBalancing } = options;
    this.#balancer = createBalancer(typeof loadBalancing === "string" ? loadBalancing : "round-robin");
    this.followsLoad = this.#balancer.followsLoad;
    while (this.#slots.length < this.#min) this.add();
  }

  get all(): readonly Slot[] {
    return this.#slots;
  }

  /** Those that are not on their way out. */
  get live(): readonly Slot[] {
    return (this.#live ??= this.#slots.filter(
      ({ state }) => state !== "retiring" && state !== "stopping" && state !== "gone",
    ));
  }

  /** The slot has another state: it may count among the live ones, or no more. */
  moved(slot: Slot): void {
    this.#live = undefined;
    this.changed(slot);
  }

  /** The slot takes more or fewer calls than before, or has more or fewer (O1). */
  changed(slot: Slot): void {
    if (slot === this.#only) return;
    // One that is new says so before it is in its place.
    if (this.#at(slot.index) !== slot) return;
    this.#balancer.changed(slot);
    this.#idle.note(slot);
  }

  /** Another number of slots. */
  #count(): void {
    const { isElastic, onDemand } = this.#options;
    this.#only = this.#slots.length === 1 && !isElastic && !onDemand ? this.#slots[0] : undefined;
    // Of one alone, changes were not told.
    this.#isStale = true;
  }

  /** Any of them may take more calls than before (O1). */
  recheck(): void {
    this.#isStale = true;
  }

  #refresh(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    for (const slot of this.#slots) this.changed(slot);
  }

  /** For the end of an error: `: ` and what the workers wait for, where none of them has a place; else nothing. */
  get whyNoneHasPlace(): string {
    const { live } = this;
    const reason = live.find(({ waitingFor }) => waitingFor !== undefined)?.waitingFor;
    const isSo = live.every(({ state, waitingFor }) => state === "cold" || waitingFor !== undefined);
    return isSo && reason !== undefined ? `: ${reason}` : "";
  }

  /** Whether any worker takes another call now. */
  get hasOpen(): boolean {
    return this.#slots.some(({ isOpen }) => isOpen);
  }

  /** A worker that runs fewer calls than it could; one that starts counts. */
  get #hasIdle(): boolean {
    this.#refresh();
    return this.#idle.find() !== undefined;
  }

  /** A worker that would begin with a call at once. */
  get #ready(): Slot | undefined {
    if (this.#only !== undefined) return this.#only.isReadyAndIdle ? this.#only : undefined;
    this.#refresh();
    return this.#idle.find(0, (slot) => slot.isReadyAndIdle);
  }

  /** The slot of this index; that is how the list is ordered. */
  #at(index: number): Slot | undefined {
    // Where none is missing before it.
    const slot = this.#slots[index];
    return slot?.index === index ? slot : this.#slots.find((other) => other.index === index);
  }

  /** Whether a worker may be added because there is work for it. */
  get mayGrow(): boolean {
    const { isElastic, onDemand } = this.#options;
    return (isElastic || onDemand) && this.#slots.length < this.#max && !this.#isClosed;
  }

  /** Adds a worker at the lowest free index. */
  add(): Slot {
    let index = 0;
    while (this.#slots[index]?.index === index) index += 1;
    const slot = this.#create(index);
    this.#slots = this.#slots.toSpliced(index, 0, slot);
    this.#count();
    this.moved(slot);
    return slot;
  }

  remove(slot: Slot): void {
    this.#slots = this.#slots.filter((other) => other !== slot);
    this.#live = undefined;
    this.#balancer.removed(slot);
    this.#idle.forget(slot);
    this.#count();
  }

  /** Workers at most. */
  get max(): number {
    return this.#max;
  }

  /** Nothing is added any more. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Sets the number of workers, or its bounds; adds those missing and returns those too many.
   * @throws {TypeError | RangeError} when a bound is not valid
   */
  resize(size: number | ElasticSize): Slot[] {
    const { onDemand, isElastic, mode } = this.#options;
    const bounds = typeof size === "object" ? checkBounds(size) : { min: size, max: checkCount(size, 1) };
    if (typeof size === "number" && isElastic) bounds.min = Math.min(this.#min, size);
    // Whoever forces the mode, to debug, does not want to be told that it has one worker.
    if (mode === "sync" && forcedMode() === "sync") return [];
    if (mode === "sync" && bounds.max !== 1) {
      throw new RangeError(`Cannot resize the pool as mode 'sync' has one worker: current value is ${bounds.max}`);
    }
    this.#min = onDemand ? 0 : bounds.min;
    this.#max = bounds.max;
    for (let missing = this.#min - this.live.length; missing > 0; missing -= 1) this.add();
    return this.live.slice(this.#max);
  }

  /** The workers beyond `min` that have been idle for too long, the last first. */
  tooIdle(): Slot[] {
    const since = performance.now() - this.#options.idleTimeout;
    const { live } = this;
    // One that starts is wanted by somebody who waits for it to be ready.
    const idle = live.filter(
      (slot) => slot.state !== "starting" && slot.isQuiet && slot.line.size === 0 && slot.idleSince <= since,
    );
    return idle.toReversed().slice(0, Math.max(0, live.length - this.#min));
  }

  /** The worker for the next call that any may take, a new one where that helps; `undefined` when all are full. */
  choose(): Slot | undefined {
    if (this.#only !== undefined) return this.#only.isOpen ? this.#only : undefined;
    if (this.mayGrow && !this.#hasIdle) return this.add();
    if (this.#isStale) this.#refresh();
    return this.#balancer.choose();
  }

  /**
   * The worker that a call must go to, where there is only one.
   * @throws {PoolStoppedError} when that worker is gone
   * @throws {TypeError} when the load-balancing function names none
   */
  route(call: Call): Slot | undefined {
    const bound = this.#boundSlot(call);
    if (bound) return bound;
    if (!call.kind.isRouted) return undefined;
    const { target } = call.traits;
    if (target !== undefined) {
      const slot = this.#at(target);
      if (slot) return slot;
      throw new PoolStoppedError(`Cannot call '${call.name}' as worker ${target} of '${this.#name}' is gone`);
    }
    const { live } = this;
    if (live.length === 0) return this.add();
    const { loadBalancing } = this.#options;
    const { key } = call.options;
    if (typeof loadBalancing !== "function") return live[workerForKey(key!, live.length)]!;
    return this.#at(askBalancer(loadBalancing, { method: call.name, args: call.args, key }, live))!;
  }

  /** Whether only one worker may take the call. */
  isBound(call: Call): boolean {
    return call.kind.isRouted || this.#boundSlot(call) !== undefined;
  }

  /** Settles on one worker for the call, whether it has room or not. */
  bind(call: Call): void {
    if (this.#boundSlot(call)) return;
    const { index } = this.route(call) ?? this.#next();
    call.extras.boundTo = { index };
  }

  /** A worker that would begin with the call at once; one that starts would not. */
  idleFor(call: Call): Slot | undefined {
    if (this.isBound(call)) {
      const slot = this.route(call)!;
      return slot.isReadyAndIdle ? slot : undefined;
    }
    const ready = this.#ready;
    if (ready === undefined || ready === this.#only) return ready;
    // One that is open because calls may be handed to it ahead of time will not do.
    const chosen = this.#balancer.choose();
    if (chosen?.isReadyAndIdle) return chosen;
    return this.#balancer.chooseAmong(this.#slots.filter((slot) => slot.isReadyAndIdle));
  }

  /** Whether a worker would begin with the call at once, or one can be made for it. */
  canBegin(call: Call): boolean {
    if (this.#options.onDemand) return this.mayGrow;
    return (this.isBound(call) ? this.idleFor(call) : this.#ready) !== undefined;
  }

  /** A worker is missing for the call: starts one, unless one is starting. */
  want(call: Call): void {
    if (this.isBound(call)) {
      this.route(call)!.start();
    } else if (!this.#slots.some(({ state }) => state === "starting")) {
      const cold = this.#slots.find(({ state }) => state === "cold");
      if (cold) cold.start();
      else if (this.mayGrow && !this.#options.onDemand) this.add().start();
    }
  }

  /** Where the call must go for something that happened to it; `undefined` when that worker is gone. */
  #boundSlot({ boundTo }: Call): Slot | undefined {
    if (!boundTo) return undefined;
    const slot = this.#at(boundTo.index);
    if (boundTo.id === undefined) return slot?.isLeaving ? undefined : slot;
    return slot?.identity?.id === boundTo.id && slot.state === "ready" ? slot : undefined;
  }

  /** Each live worker in turn. */
  #next(): Slot {
    const { live } = this;
    return live.length === 0 ? this.add() : live[this.#turn++ % live.length]!;
  }
}
