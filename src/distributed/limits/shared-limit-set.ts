import { checkFields } from "../../config/check-fields.js";
import { duration } from "../../config/duration.js";
import { type Clock, machineClock } from "../../config/monotonic.js";
import { show } from "../../config/show.js";
import { checkWait, enqueueIn, type Queue, waitFor, type Waiting } from "../../limits/acquire.js";
import { type AcquireOptions, type Amounts, type Grant, type GrantKeeper, HeldGrant } from "../../limits/grant.js";
import { type HeadersLike, readHeaders, type ServerAdvice } from "../../limits/headers/read-headers.js";
import { type Caller, checkHolder, currentCaller, type HeldLimit } from "../../limits/holdings.js";
import type { Limit, LimitCore } from "../../limits/limit.js";
import type { LimitRequest, Requester } from "../../limits/limit-request.js";
import type { LimitSetStats } from "../../limits/limit-set.js";
import type { LimitSource } from "../../limits/limit-source.js";
import { needOf, refuseTooMuch } from "../../limits/need.js";
import { ReadyQueue } from "../../limits/remote/ready-queue.js";
import type { IssuedTicket } from "../../limits/remote/ticket.js";
import { capRates } from "../../limits/server-caps.js";
import { type BrokerOptions, resolveBroker } from "../../config/broker.js";
import type { StepStats } from "./answers.js";
import { Definition } from "./definition.js";
import { Exchange } from "./exchange.js";

/** Options of a {@link SharedLimitSet}. */
export interface SharedLimitSetOptions<C> {
  /** Where the broker is. Default: as everywhere, see `BrokerOptions`. */
  readonly broker?: string | BrokerOptions;
  /** What every grant of this set carries, such as a key or a region; known to this process only. */
  readonly config?: C;
}

const NAME = /^[\w.:-]{1,128}$/;

type SizeListener = (set: number, limit: number, largest: number) => void;

/**
 * Limits that all processes share that use the same name at the same broker, on any machine: taken together, all or
 * nothing, on the clock of the broker's server.
 *
 * Takes the same limits as a `LimitSet`, but for `AdaptiveLimit`, and is given to pools the same way. What it holds is bound
 * to the lease of this process: once it is dead, its share of resources comes back when that lease ends.
 *
 * @throws {TypeError} when the name or one of the limits is none that can be shared, and for an option that there is not
 * @throws {MissingPackageError} when first used, where `ioredis` is not installed
 * @example
 * await using limits = new SharedLimitSet("api", [
 *   new CallLimit({ capacity: 500, window: 60_000 }),
 *   new RateLimit({ key: "tokens", capacity: 90_000, window: 60_000 }),
 *   new ResourceLimit({ key: "connections", capacity: 20 }),
 * ]);
 * await using grant = await limits.acquire({ tokens: 1200 });
 */
export class SharedLimitSet<C = undefined> implements LimitSource<C>, Queue<C>, GrantKeeper, AsyncDisposable {
  /** What the processes that share it call it. */
  readonly name: string;
  readonly limits: readonly Limit[];
  readonly config: C;
  readonly keys: readonly string[];
  readonly held: readonly HeldLimit[];
  readonly clock: Clock = machineClock;
  readonly isUnlimited = false;
  readonly #definition: Definition;
  readonly #exchange: Exchange;
  readonly #listeners = new Set<SizeListener>();
  /** Requests of pools, which wait for a worker as well. */
  readonly #ready = new ReadyQueue(this);
  #lastStats: StepStats | undefined;

  constructor(name: string, limits: readonly Limit[], options: SharedLimitSetOptions<C> = {}) {
    if (typeof name !== "string" || !NAME.test(name)) {
      throw new TypeError(
        "Cannot name a set of shared limits as its name must be 1 to 128 letters, digits, '.', ':', '_' or '-': current " +
          `value is ${show(name)}`,
      );
    }
    checkFields("SharedLimitSet", options, ["broker", "config"]);
    this.name = name;
    this.#definition = new Definition(limits);
    this.limits = [...limits];
    this.config = options.config as C;
    this.keys = this.#definition.facts.map(({ key }) => key);
    this.held = this.#definition.facts;
    this.#exchange = new Exchange(
      {
        name,
        definition: this.#definition,
        grant: (need, takenAt, owner) => new HeldGrant<unknown>(this, need, takenAt, this.config, owner),
        sized: (largest) => this.#sized(largest),
      },
      resolveBroker(options.broker),
    );
    for (const { resized } of this.#definition.cores) resized.add(this.#refuseResize);
  }

  acquire(amounts?: Amounts, options?: AcquireOptions): Promise<Grant<C>> {
    return this.acquireFor(currentCaller(), amounts, options);
  }

  tryAcquire(amounts?: Amounts): Promise<Grant<C> | undefined> {
    return this.tryAcquireFor(currentCaller(), amounts);
  }

  /** Lets nobody, in any process, be granted anything for `ms` ms; then all begin again gently. */
  pause(ms: number): void {
    this.#exchange.pause(duration("pause", ms));
  }

  /** What a response says holds for all processes. */
  learn(headers: HeadersLike): void {
    this.heed(readHeaders(headers, Date.now()));
  }

  /**
   * What all processes together are doing; asks the broker.
   *
   * Rejects with a `BrokerUnavailableError` when the broker is away.
   */
  async stats(): Promise<LimitSetStats> {
    this.#lastStats = await this.#exchange.stats();
    return this.#report(this.#lastStats);
  }

  /**
   * Changes what may be taken, from now on, in all processes; as `resize` of a limit does in one.
   *
   * What was taken stays taken, and who waits for more than there is now is refused with a `RangeError`. The definition
   * stays: a set of which nobody has taken anything for hours begins with it again.
   *
   * Rejects with a `TypeError` for a key that no limit has, or several have, with a `RangeError` for numbers that are not
   * valid, and with a `BrokerUnavailableError` when the broker is away.
   *
   * @param window - in ms; default: that of the definition
   */
  async resize(key: string, capacity: number, window?: number): Promise<void> {
    await this.#exchange.resize(this.#definition.resized(key, capacity, window));
  }

  /** Gives back what this process holds, and refuses all that wait here and all that come. The numbers stay with the broker. */
  async close(): Promise<void> {
    for (const { resized } of this.#definition.cores) resized.delete(this.#refuseResize);
    await this.#exchange.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // What pools, and workers elsewhere, ask.

  at(_index: number): this {
    return this;
  }

  async acquireFor(caller: Caller | undefined, amounts?: Amounts, options?: AcquireOptions): Promise<Grant<C>> {
    const need = needOf(this.#definition.facts, amounts);
    if (options !== undefined) checkWait(options);
    return waitFor<C>([{ set: this, need }], caller, options);
  }

  async tryAcquireFor(caller: Caller | undefined, amounts?: Amounts): Promise<Grant<C> | undefined> {
    const need = needOf(this.#definition.facts, amounts);
    const isHolder = caller !== undefined && checkHolder(caller, this.held, need);
    return (await this.#exchange.try(need, caller?.id, isHolder)) as Grant<C> | undefined;
  }

  enqueueFor(amounts: Amounts | undefined, requester: Requester<C>): Waiting {
    const need = needOf(this.#definition.facts, amounts);
    if (requester.isReady) return this.#ready.add(amounts, requester as Requester<unknown>);
    return enqueueIn<C>([{ set: this, need }], requester);
  }

  enqueue(need: readonly number[], requester: Requester<C>): LimitRequest {
    const { owner: id, isHolder: holds = false } = requester;
    const isHolder = id !== undefined && checkHolder({ id, isHolder: holds }, this.held, need);
    return this.#exchange.enqueue(need, requester as Requester<unknown>, isHolder);
  }

  indexOf(): number {
    return 0;
  }

  heed({ retryAfter, budgets }: ServerAdvice): void {
    const cores = this.#definition.cores.map((core, index) => {
      const cap = (_now: number, remaining: number, resetAfter: number | undefined): void =>
        this.#exchange.cap(index, remaining, resetAfter);
      // The limit as it is, but for what it does when it is capped.
      return Object.create(core, { cap: { value: cap } }) as LimitCore;
    });
    capRates(cores, budgets, 0);
    if (retryAfter !== undefined && retryAfter > 0) this.pause(retryAfter);
  }

  serve(): void {
    this.#ready.serve();
  }

  setAt(index: number): this | undefined {
    return index === 0 ? this : undefined;
  }

  poke(): void {}

  onResize(listener: SizeListener): () => void {
    // One of its own: it may be there more than once.
    const own: SizeListener = (set, limit, largest) => listener(set, limit, largest);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  issue(): IssuedTicket {
    const facts = this.#definition.facts.map((fact) => ({ ...fact }));
    return {
      ticket: { sets: [{ facts, config: this.config, shared: undefined }], loadBalancing: "round-robin", first: 0 },
      withdraw: () => {},
      abandon: () => {},
    };
  }

  /** As of the last time when the broker was asked. */
  reports(): LimitSetStats[] {
    this.#exchange.stats().then(
      (stats) => {
        this.#lastStats = stats;
      },
      () => {},
    );
    const nothing: StepStats = { limits: [], waiting: 0, granted: 0, pausedFor: 0 };
    return [this.#report(this.#lastStats ?? nothing)];
  }

  // What grants ask.

  settle(grant: HeldGrant<unknown>, differences: readonly number[]): void {
    const { facts } = this.#definition;
    const ofKind = (isRate: boolean): number[] =>
      differences.map((difference, index) => ((facts[index]!.kind === "rate") === isRate ? difference : 0));
    const rates = ofKind(true);
    if (rates.some((difference) => difference !== 0)) this.#exchange.settle(grant.takenAt, rates);
    if (!grant.isReleased) this.#exchange.hold(ofKind(false), 1);
  }

  giveBack(grant: HeldGrant<unknown>): void {
    this.#exchange.hold(grant.taken, -1);
  }

  began(grant: HeldGrant<unknown>): void {
    this.#exchange.began(grant.takenAt, grant.taken);
  }

  #report({ limits, waiting, granted, pausedFor }: StepStats): LimitSetStats {
    return {
      limits: this.#definition.facts.map(({ key, kind, largest }, index) => {
        const [capacity, inUse] = limits[index] ?? [largest, 0];
        return { key, kind, capacity, inUse, utilization: inUse / capacity };
      }),
      waiting: Math.max(waiting, this.#exchange.waiting),
      granted,
      pausedFor,
    };
  }

  #sized(largest: readonly number[]): void {
    for (const [index, fact] of this.#definition.facts.entries()) {
      if (fact.largest === largest[index]) continue;
      fact.largest = largest[index]!;
      for (const listener of Array.from(this.#listeners)) listener(0, index, fact.largest);
    }
    this.#exchange.refuse((need) => {
      for (const [index, fact] of this.#definition.facts.entries()) refuseTooMuch(fact, need[index]!);
    });
  }

  /** The numbers are the broker's: what a limit of this process does by itself would change nothing. */
  readonly #refuseResize = (): void => {
    throw new TypeError(
      `Cannot resize a limit of '${this.name}' by itself as processes share it: use resize(key, capacity) of the set`,
    );
  };
}
