/**
 * Lends the workers of a pool to a caller in another thread, who makes one call at a time and waits for each: with every
 * answer, until the next request.
 *
 * Owns the lines. What a worker does for its borrower is counted afterwards.
 *
 * B1. A worker is lent only while it has nothing to do, to one who gives it back before anything else is asked of the pool.
 *     So the pool does nothing with it meanwhile, but for its death and its health.
 * B2. No call is made directly that the pool would treat otherwise than by giving it to that worker and waiting.
 */
import type { Bell } from "../wire/bell.js";
import type { LineEnd, OpenedLine } from "../wire/direct-line.js";
import { deathError } from "./describe-death.js";
import type { LoadBalancingName } from "./options.js";
import type { PoolCore } from "./pool-core.js";
import type { Slot } from "./slot.js";

/** What may be done until the next request. */
export interface Lease {
  readonly workers: readonly LentWorker[];
  /** Which of them a call is for. */
  readonly balancing: LoadBalancingName;
  /** Of which methods. */
  readonly methods: readonly boolean[];
  /** So many calls at most, the first with the number after this one. */
  readonly calls: number;
  readonly after: number;
}

/** One worker that is lent. */
export interface LentWorker {
  readonly index: number;
  readonly id: string;
  /** Calls given to its place so far. */
  readonly total: number;
  /** Where it is new. */
  readonly line: LineEnd | undefined;
}

/** What a borrower did with one worker. */
export interface Usage {
  readonly index: number;
  readonly id: string;
  /** Calls that were answered with an error. */
  readonly failed: number;
  /** Calls that the worker died over. */
  readonly lost: number;
  /** Of each call that was answered: how long it ran and how long it waited, in ms. */
  readonly times: Float64Array;
}

/** A worker that did not answer a direct call. */
export interface LostWorker {
  readonly index: number;
  readonly id: string;
  /** Whether it did not die, but what it sent cannot be read. */
  readonly isUnreadable: boolean;
}

/** Then it is told what was done: what is counted stays fresh, and cheap. */
const MOST_CALLS = 4096;

export class Lending {
  readonly #core: PoolCore;
  readonly #bell: Bell;
  readonly #methods: readonly boolean[];
  readonly #balancing: LoadBalancingName;
  readonly #isAllowed: boolean;
  /** Whether of workers that have nothing to do it is always the first that gets a call. */
  readonly #isByLoad: boolean;
  /** By the id of the worker. */
  #lines = new Map<string, OpenedLine>();

  /** @param bell - wakes the borrower */
  constructor(core: PoolCore, bell: Bell) {
    this.#core = core;
    this.#bell = bell;
    const { timeout, onDemand, isElastic, delivery, recycle, loadBalancing } = core.options;
    this.#methods = core.methods.map((method) => !method.isStream && !core.kindOf(method, {}, {}).plan);
    this.#balancing = typeof loadBalancing === "string" ? loadBalancing : "round-robin";
    this.#isByLoad = loadBalancing === "least-active" || loadBalancing === "shared-queue";
    this.#isAllowed =
      timeout === undefined &&
      !onDemand &&
      !isElastic &&
      delivery === "at-most-once" &&
      recycle.afterMemory === Number.POSITIVE_INFINITY &&
      typeof loadBalancing === "string";
  }

  /** Lends the workers that calls could be for; `undefined` where not all of these have nothing to do. */
  lend(): Lease | undefined {
    if (!this.#isAllowed || this.#core.isStopped) return undefined;
    const { liveSlots } = this.#core;
    const slots = this.#isByLoad ? liveSlots.slice(0, 1) : liveSlots;
    if (slots.length === 0) return undefined;
    // The one that is the last of a worker is given to it as ever: that ends it.
    const { afterCalls } = this.#core.options.recycle;
    const calls = Math.min(MOST_CALLS, ...slots.map(({ served }) => afterCalls - served - 1));
    if (calls <= 0) return undefined;
    if (!slots.every(({ state, isQuiet }) => state === "ready" && isQuiet)) return undefined;
    const before = this.#lines;
    this.#lines = new Map();
    const workers: LentWorker[] = [];
    for (const slot of slots) {
      const { index, total } = slot;
      const { id } = slot.identity!;
      const known = before.get(id);
      const line = known ?? slot.host!.openLine?.(this.#bell);
      if (!line) return undefined;
      this.#lines.set(id, line);
      workers.push({ index, id, total, line: known ? undefined : line.caller });
    }
    return { workers, balancing: this.#balancing, methods: this.#methods, calls, after: this.#core.tally.made };
  }

  /** Counts what was done. */
  returned({ index, id, failed, lost, times }: Usage): void {
    const { tally, roster } = this.#core;
    const answered = times.length / 2;
    const made = answered + lost;
    tally.made += made;
    tally.dispatched += made;
    tally.done += answered - failed;
    tally.failed += failed + lost;
    for (let at = 0; at < times.length; at += 2) tally.took(times[at]!, times[at + 1]!);
    const slot = this.#slotOf(index);
    if (!slot) return;
    slot.total += made;
    if (slot.state === "ready" && slot.identity!.id === id) slot.served += answered;
    roster.changed(slot);
  }

  /** Fails as a call of this method does that its worker died over. */
  async lost({ index, id, isUnreadable }: LostWorker, method: string): Promise<never> {
    if (isUnreadable) this.#slotOf(index)?.terminate({ reason: "unreadable" });
    const { details, cause } = await this.#lines.get(id)!.death;
    throw deathError(method, id, details, cause);
  }

  #slotOf(index: number): Slot | undefined {
    return this.#core.slots.find((slot) => slot.index === index);
  }
}
