import { staysHome } from "../config/homebound.js";
import { checkFields } from "../config/check-fields.js";
import { show } from "../config/show.js";
import { checkWait, type Choice, enqueueIn, waitFor, type Waiting } from "./acquire.js";
import type { AcquireOptions, Amounts, Grant, HeldGrant } from "./grant.js";
import { type HeadersLike, readHeaders, type ServerAdvice } from "./headers/read-headers.js";
import { type Caller, currentCaller } from "./holdings.js";
import type { Requester } from "./limit-request.js";
import { LimitSet, type LimitSetStats } from "./limit-set.js";
import type { LimitPoolBalancing, LimitSource } from "./limit-source.js";
import { issueTicket, type IssuedTicket } from "./remote/ticket.js";

/** Options of a {@link LimitPool}. */
export interface LimitPoolOptions {
  /**
   * Default: `"round-robin"`: each in turn, each worker beginning with another; or any; or the one of whose limits the
   * least is used.
   */
  readonly loadBalancing?: LimitPoolBalancing;
}

const BALANCINGS: readonly string[] = ["round-robin", "random", "least-used"];

/**
 * Several sets that can serve the same requests: regions, accounts, keys. A request goes to the first set, in the order
 * that `loadBalancing` says, that can serve it now, else to whichever can first. `grant.config` tells which one it was.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * const limits = new LimitPool(
 *   keys.map((apiKey) => new LimitSet([new CallLimit({ capacity: 500, window: 60_000 })], { config: { apiKey } })),
 * );
 * await using grant = await limits.acquire();
 * await generate(prompt, grant.config.apiKey);
 */
export class LimitPool<C = undefined> implements LimitSource<C> {
  readonly sets: readonly LimitSet<C>[];
  readonly loadBalancing: LimitPoolBalancing;
  /** The set that is asked first by the next request. */
  #next: number;

  constructor(sets: readonly LimitSet<C>[], options: LimitPoolOptions = {}, first = 0) {
    if (!Array.isArray(sets)) {
      throw new TypeError(`Cannot make a limit pool as it takes a list of limit sets: current value is ${show(sets)}`);
    }
    if (sets.length === 0) {
      throw new RangeError("Cannot make a limit pool as it must have at least one limit set: current value is []");
    }
    for (const set of sets) {
      if (set instanceof LimitSet) continue;
      throw new TypeError(`Cannot make a limit pool as it takes limit sets: current value is ${show(set)}`);
    }
    checkFields("LimitPool", options, ["loadBalancing"]);
    const { loadBalancing = "round-robin" } = options;
    if (!BALANCINGS.includes(loadBalancing)) {
      throw new TypeError(
        `Cannot set 'loadBalancing' as it must be one of ${BALANCINGS.map((name) => `'${name}'`).join(", ")}: current ` +
          `value is ${show(loadBalancing)}`,
      );
    }
    this.sets = [...sets];
    this.loadBalancing = loadBalancing;
    this.#next = first;
  }

  acquire(amounts?: Amounts, options?: AcquireOptions): Promise<Grant<C>> {
    return this.acquireFor(currentCaller(), amounts, options);
  }

  tryAcquire(amounts?: Amounts): Promise<Grant<C> | undefined> {
    return this.tryAcquireFor(currentCaller(), amounts);
  }

  /** Pauses all sets. One alone, such as that of a throttled key, is paused by itself: `grant.pause(ms)`. */
  pause(ms: number): void {
    for (const set of this.sets) set.pause(ms);
  }

  /** All sets learn. What a response says of one key is told to its own set: `grant.learn(headers)`. */
  learn(headers: HeadersLike): void {
    this.heed(readHeaders(headers, Date.now()));
  }

  /** One for each set. */
  stats(): LimitSetStats[] {
    return this.sets.map((set) => set.stats());
  }

  // What pools, and workers elsewhere, ask.

  readonly isUnlimited = false;

  at(index: number): LimitPool<C> {
    return new LimitPool(this.sets, { loadBalancing: this.loadBalancing }, index);
  }

  indexOf({ keeper }: HeldGrant<unknown>): number {
    return this.sets.findIndex((set) => set === keeper);
  }

  heed(advice: ServerAdvice): void {
    for (const set of this.sets) set.heed(advice);
  }

  serve(): void {
    for (const set of this.sets) set.serve();
  }

  setAt(index: number): LimitSet<C> | undefined {
    return this.sets[index];
  }

  onResize(listener: (set: number, limit: number, largest: number) => void): () => void {
    const forgets = this.sets.map((set, index) => set.onResize((_, limit, largest) => listener(index, limit, largest)));
    return () => forgets.forEach((forget) => forget());
  }

  issue(isThread: boolean): IssuedTicket {
    return issueTicket(this.sets, this.loadBalancing, this.#next, isThread);
  }

  reports(): LimitSetStats[] {
    return this.stats();
  }

  async acquireFor(caller: Caller | undefined, amounts?: Amounts, options?: AcquireOptions): Promise<Grant<C>> {
    const choices = this.#choices(amounts);
    if (options !== undefined) checkWait(options);
    options?.signal?.throwIfAborted();
    return take(choices, caller) ?? waitFor(choices, caller, options);
  }

  async tryAcquireFor(caller: Caller | undefined, amounts?: Amounts): Promise<HeldGrant<C> | undefined> {
    return take(this.#choices(amounts), caller);
  }

  enqueueFor(amounts: Amounts | undefined, requester: Requester<C>): Waiting {
    return enqueueIn(this.#choices(amounts), requester);
  }

  /** The sets that can ever serve it, the one to ask first at the front. */
  #choices(amounts: Amounts | undefined): SetChoice<C>[] {
    const choices: SetChoice<C>[] = [];
    let refusal: unknown;
    for (const set of this.#inOrder()) {
      try {
        choices.push({ set, need: set.needOf(amounts) });
      } catch (error) {
        refusal ??= error;
      }
    }
    if (choices.length === 0) throw refusal;
    return choices;
  }

  #inOrder(): LimitSet<C>[] {
    const { sets } = this;
    if (this.loadBalancing === "least-used") return sets.toSorted((a, b) => usage(a) - usage(b));
    const first =
      this.loadBalancing === "random" ? Math.floor(Math.random() * sets.length) : this.#next++ % sets.length;
    return [...sets.slice(first), ...sets.slice(0, first)];
  }

  static {
    staysHome(this, "limit");
  }
}

interface SetChoice<C> extends Choice<C> {
  readonly set: LimitSet<C>;
}

function take<C>(choices: readonly SetChoice<C>[], caller: Caller | undefined): HeldGrant<C> | undefined {
  for (const { set, need } of choices) {
    const grant = set.take(need, caller);
    if (grant) return grant;
  }
  return undefined;
}

/** How much of the limit is used of which the most is. */
function usage(set: LimitSet<unknown>): number {
  return Math.max(0, ...set.stats().limits.map(({ utilization }) => utilization));
}
