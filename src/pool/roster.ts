/**
 * The workers of a pool: how many there are, and which one a call goes to.
 *
 * Owns the list of slots, in order of their index, and its bounds. What is in a slot is the slot's.
 */
import { forcedMode } from "../config/forced-mode.js";
import { PoolStoppedError } from "../errors.js";
import { askBalancer, createPick, type Pick, workerForKey } from "./balancers.js";
import type { Call } from "./call.js";
import { checkBounds, checkCount, type ElasticSize, type ResolvedOptions } from "./options.js";
import type { Slot } from "./slot.js";

export class Roster {
  readonly #options: ResolvedOptions;
  readonly #name: string;
  readonly #create: (index: number) => Slot;
  /** `undefined` when a function of the user's chooses. */
  readonly #pick: Pick<Slot> | undefined;
  #slots: Slot[] = [];
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
    if (typeof options.loadBalancing === "string") this.#pick = createPick(options.loadBalancing);
    while (this.#slots.length < this.#min) this.add();
  }

  get all(): readonly Slot[] {
    return this.#slots;
  }

  /** Those that are not on their way out. */
  get live(): Slot[] {
    return this.#slots.filter(({ state }) => state !== "retiring" && state !== "stopping" && state !== "gone");
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
    return slot;
  }

  remove(slot: Slot): void {
    this.#slots = this.#slots.filter((other) => other !== slot);
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
    if (this.mayGrow && !this.#slots.some((slot) => slot.isIdle)) return this.add();
    if (!this.hasOpen) return undefined;
    return this.#pick ? this.#pick(this.#slots) : this.#slots.find(({ isOpen }) => isOpen);
  }

  /**
   * The worker that a call must go to, where there is only one.
   * @throws {PoolStoppedError} when that worker is gone
   * @throws {TypeError} when the load-balancing function names none
   */
  route(call: Call): Slot | undefined {
    const bound = this.#boundSlot(call);
    if (bound) return bound;
    const { target } = call.traits;
    if (target !== undefined) {
      const slot = this.#slots.find(({ index }) => index === target);
      if (slot) return slot;
      throw new PoolStoppedError(`Cannot call '${call.name}' as worker ${target} of '${this.#name}' is gone`);
    }
    if (!this.isBound(call)) return undefined;
    const { live } = this;
    if (live.length === 0) return this.add();
    const { loadBalancing } = this.#options;
    const { key } = call.options;
    if (typeof loadBalancing !== "function") return live[workerForKey(key!, live.length)]!;
    const index = askBalancer(loadBalancing, { method: call.name, args: call.args, key }, live);
    return live.find((slot) => slot.index === index)!;
  }

  /** Whether only one worker may take the call. */
  isBound(call: Call): boolean {
    const { loadBalancing } = this.#options;
    const isByKey = loadBalancing === "key" && call.options.key !== undefined;
    const isChosen = call.traits.target !== undefined || isByKey || typeof loadBalancing === "function";
    return isChosen || this.#boundSlot(call) !== undefined;
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
    const idle = this.#slots.filter((slot) => slot.isReadyAndIdle);
    return idle.length === 0 || !this.#pick ? idle[0] : this.#pick(idle);
  }

  /** Whether a worker would begin with the call at once, or one can be made for it. */
  canBegin(call: Call): boolean {
    if (this.#options.onDemand) return this.mayGrow;
    return this.isBound(call) ? this.idleFor(call) !== undefined : this.#slots.some((slot) => slot.isReadyAndIdle);
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
    const slot = this.#slots.find(({ index }) => index === boundTo.index);
    if (boundTo.id === undefined) return slot?.isLeaving ? undefined : slot;
    return slot?.identity?.id === boundTo.id && slot.state === "ready" ? slot : undefined;
  }

  /** Each live worker in turn. */
  #next(): Slot {
    const { live } = this;
    return live.length === 0 ? this.add() : live[this.#turn++ % live.length]!;
  }
}
