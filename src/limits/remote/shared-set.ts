/**
 * One set as a worker in another thread has it: takes what is free by itself, in shared memory, and leaves all that must
 * wait to the owner.
 *
 * While somebody waits for one of the limits, or the set is paused, it takes nothing (M3): the owner knows whose turn it is.
 */
import { machineClock } from "../../config/monotonic.js";
import { type GrantKeeper, HeldGrant } from "../grant.js";
import { CoreRow } from "../core-row.js";
import type { ServerAdvice } from "../headers/read-headers.js";
import type { HeldLimit } from "../holdings.js";
import type { LimitCore, LimitTicket, Outcome } from "../limit.js";
import { LateStarts } from "../late-starts.js";
import type { OneSet } from "../limit-source.js";
import { RateCore, type RateLimitOptions } from "../rate-limit.js";
import { ResourceCore, type ResourceLimitOptions } from "../resource-limit.js";
import type { Issuer } from "./ticket.js";

export class SharedSet implements GrantKeeper, Issuer {
  readonly held: readonly HeldLimit[];
  readonly config: unknown;
  readonly cores: readonly LimitCore[];
  readonly #rows: readonly number[];
  readonly #locks: CoreRow;
  readonly #lateStarts: LateStarts | undefined;
  /** The set as its owner has it. */
  readonly #owner: OneSet;

  constructor(tickets: readonly LimitTicket[], held: readonly HeldLimit[], config: unknown, owner: OneSet) {
    this.cores = tickets.map(revive);
    this.config = config;
    this.held = held;
    this.#rows = tickets.map(({ row }) => row);
    this.#lateStarts = LateStarts.of(this.cores, machineClock);
    this.#locks = new CoreRow(this.cores);
    this.#owner = owner;
  }

  /** Takes all of it when it is free and nobody waits. */
  take(need: readonly number[], owner: string | undefined): HeldGrant<unknown> | undefined {
    this.#locks.lock();
    // Only now: this thread may have been kept waiting for the lock, or for a core.
    const now = machineClock.now();
    this.#lateStarts?.catchUp(now);
    const isFree = this.cores.every(
      (core, index) => need[index] === 0 || (!core.memory.hasWaiting && core.wait(now, need[index]!) === 0),
    );
    if (isFree) {
      for (const [index, core] of this.cores.entries()) {
        if (need[index]! > 0) core.take(now, need[index]!, this.#rows[index]!);
      }
    }
    this.#locks.unlock();
    if (!isFree) return undefined;
    this.#lateStarts?.taken(now, need);
    return new HeldGrant(this, need, now, this.config, owner);
  }

  settle(grant: HeldGrant<unknown>, differences: readonly number[]): void {
    this.#change((core, index, now) => {
      if (differences[index] === 0 || (grant.isReleased && core.kind !== "rate")) return false;
      return core.settle(now, grant.takenAt, differences[index]!, this.#rows[index]!);
    });
  }

  giveBack(grant: HeldGrant<unknown>, outcome: Outcome): void {
    this.#change((core, index, now) => {
      const amount = grant.taken[index]!;
      return amount > 0 && core.giveBack(now, grant.takenAt, amount, this.#rows[index]!, outcome);
    });
  }

  pause(ms: number): void {
    this.#owner.pause(ms);
  }

  heed(advice: ServerAdvice): void {
    this.#owner.heed(advice);
  }

  poke(): void {
    this.#owner.poke();
  }

  began(grant: HeldGrant<unknown>, at: number): void {
    this.#lateStarts?.began(grant.takenAt, at, grant.taken);
  }

  #change(change: (core: LimitCore, index: number, now: number) => boolean): void {
    this.#locks.lock();
    const now = machineClock.now();
    const isAwaited = this.cores
      .filter((core, index) => change(core, index, now))
      .some((core) => core.memory.hasWaiting);
    this.#locks.unlock();
    if (isAwaited) this.poke();
  }
}

function revive({ kind, options, buffer }: LimitTicket): LimitCore {
  if (kind === "resource") return new ResourceCore(options as ResourceLimitOptions, buffer);
  const { fallback, ...rate } = options as RateLimitOptions & { fallback: number | undefined };
  return new RateCore(rate, fallback, buffer);
}
