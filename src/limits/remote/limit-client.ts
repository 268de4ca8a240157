/**
 * The limits of a pool as one of its workers has them, in a thread or process of its own.
 *
 * Owns the requests that the owner has not answered. Requests are checked here, so that a wrong one fails at once; in a
 * thread what is free is taken here too (`SharedSet`). Everything else is the owner's: who waits, and whose turn it is.
 */
import { staysHome } from "../../config/homebound.js";
import { duration } from "../../config/duration.js";
import { machineClock } from "../../config/monotonic.js";
import { onAbort } from "../../config/on-abort.js";
import { checkWait, type Waiting } from "../acquire.js";
import { type AcquireOptions, type Amounts, type Grant, type GrantKeeper, HeldGrant } from "../grant.js";
import { type HeadersLike, readHeaders, type ServerAdvice } from "../headers/read-headers.js";
import { type Caller, checkHolder, currentCaller } from "../holdings.js";
import type { Requester } from "../limit-request.js";
import { endOfTurn } from "../late-starts.js";
import type { LimitSource, OneSet } from "../limit-source.js";
import { needOf } from "../need.js";
import type { GrantName, LimitMessage, LimitReply } from "./line.js";
import { ReadyQueue } from "./ready-queue.js";
import { SharedSet } from "./shared-set.js";
import { issueTicket, type IssuedTicket, type LimitsTicket, type SetTicket } from "./ticket.js";

interface Pending {
  /** The call that asks. */
  readonly owner: string | undefined;
  readonly amounts: Amounts | undefined;
  resolve(grant: HeldGrant<unknown> | undefined): void;
  reject(error: unknown): void;
}

/** One set as this worker knows it. */
interface KnownSet {
  readonly ticket: SetTicket;
  readonly shared: SharedSet | undefined;
  /** The set as its owner has it. */
  readonly owner: OneSet;
  /** Until when the owner alone knows what may be taken. */
  takesAgainAt: number;
}

/** What carries messages to the owner. */
export interface LimitLine {
  send(message: LimitMessage): void;
  /** An error as the wire carries errors. */
  decode(error: unknown): unknown;
}

/** By then the owner has done what it was told, in ms. */
const SETTLED_AFTER_MS = 50;

export class LimitClient implements LimitSource {
  readonly #line: LimitLine;
  readonly #ticket: LimitsTicket;
  readonly #sets: readonly KnownSet[];
  readonly #pending = new Map<number, Pending>();
  readonly #sizeListeners = new Set<(set: number, limit: number, largest: number) => void>();
  /** Requests of pools in this worker. */
  readonly #queue = new ReadyQueue(this);
  #requests = 0;
  #next: number;

  constructor(ticket: LimitsTicket, line: LimitLine, thread: number) {
    this.#line = line;
    this.#ticket = ticket;
    this.#next = ticket.first;
    this.#sets = ticket.sets.map((set, index) => this.#know(set, index));
    line.send({ what: "hello", thread });
  }

  acquire(amounts?: Amounts, options?: AcquireOptions): Promise<Grant> {
    return this.acquireFor(currentCaller(), amounts, options);
  }

  tryAcquire(amounts?: Amounts): Promise<Grant | undefined> {
    return this.tryAcquireFor(currentCaller(), amounts);
  }

  pause(ms: number): void {
    this.#line.send({ what: "pause", set: undefined, ms: duration("pause", ms) });
    for (const set of this.#sets) takeNothingFor(set, ms);
  }

  learn(headers: HeadersLike): void {
    this.heed(readHeaders(headers, Date.now()));
  }

  heed(advice: ServerAdvice): void {
    this.#line.send({ what: "learn", set: undefined, advice });
    for (const set of this.#sets) takeNothingFor(set, advice.retryAfter ?? SETTLED_AFTER_MS);
  }

  async acquireFor(caller: Caller | undefined, amounts?: Amounts, options: AcquireOptions = {}): Promise<Grant> {
    const { timeout, priority, key } = options;
    checkWait(options);
    options.signal?.throwIfAborted();
    const grant = this.#take(caller, amounts);
    if (typeof grant === "object") return grant;
    const owner = caller?.id;
    return (await this.#ask(
      (request) => ({ what: "acquire", request, amounts, owner, isHolder: grant, timeout, priority, key }),
      owner,
      amounts,
      [options.signal, caller?.signal],
    ))!;
  }

  async tryAcquireFor(caller: Caller | undefined, amounts?: Amounts): Promise<Grant | undefined> {
    const grant = this.#take(caller, amounts);
    if (typeof grant === "object") return grant;
    const owner = caller?.id;
    return this.#ask((request) => ({ what: "try", request, amounts, owner, isHolder: grant }), owner, amounts, []);
  }

  enqueueFor(amounts: Amounts | undefined, requester: Requester<unknown>): Waiting {
    for (const { ticket } of this.#sets) needOf(ticket.facts, amounts);
    return this.#queue.add(amounts, requester);
  }

  readonly isUnlimited = false;

  at(): this {
    return this;
  }

  indexOf({ keeper }: HeldGrant<unknown>): number {
    return this.#sets.findIndex(({ ticket }) => ticket.facts === keeper.held);
  }

  serve(): void {
    this.#queue.serve();
  }

  setAt(index: number): OneSet | undefined {
    return this.#sets[index]?.owner;
  }

  issue(isThread: boolean): IssuedTicket {
    const sets = this.#sets.map(({ shared, ticket, owner }) => ({
      cores: shared?.cores,
      ticket,
      config: ticket.config,
      poke: () => owner.poke(),
    }));
    if (isThread && sets.every(({ cores }) => cores)) {
      const issuers = sets.map(({ cores, config, poke }) => ({ cores: cores!, config, poke }));
      return this.#announced(issueTicket(issuers, this.#ticket.loadBalancing, this.#next, true));
    }
    const bare = this.#ticket.sets.map((set) => ({ ...set, shared: undefined }));
    return { ticket: { ...this.#ticket, sets: bare }, withdraw: () => {}, abandon: () => {} };
  }

  /** Tells the owner what was lent to a worker inside this one, which cannot take it back once it is dead itself. */
  #announced(issued: IssuedTicket): IssuedTicket {
    const tell = (what: "lent" | "returned"): void => {
      for (const [set, { shared }] of issued.ticket.sets.entries()) {
        if (shared) this.relay({ what, set, rows: shared.map(({ row }) => row) });
      }
    };
    tell("lent");
    return {
      ...issued,
      withdraw: (thread) => {
        issued.withdraw(thread);
        tell("returned");
      },
    };
  }

  /** Passes on what a worker inside this one has to say to the owner. */
  relay(message: LimitMessage): void {
    this.#line.send(message);
  }

  /** The owner knows. */
  reports(): [] {
    return [];
  }

  onResize(listener: (set: number, limit: number, largest: number) => void): () => void {
    // One of its own: it may be there more than once.
    const own: typeof listener = (set, limit, largest) => listener(set, limit, largest);
    this.#sizeListeners.add(own);
    return () => this.#sizeListeners.delete(own);
  }

  receive(reply: LimitReply): void {
    if (reply.what === "resized") {
      this.#resized(reply);
      return;
    }
    const pending = this.#pending.get(reply.request);
    this.#pending.delete(reply.request);
    if (!pending) {
      // It left while the grant was on its way.
      if (reply.what === "granted") this.#granted(reply, undefined).undo();
    } else if (reply.what === "granted") {
      pending.resolve(this.#granted(reply, pending.owner));
    } else if (reply.what === "none") {
      pending.resolve(undefined);
    } else {
      pending.reject(this.#line.decode(reply.error));
    }
  }

  #resized({ set, limit, largest }: LimitReply & { what: "resized" }): void {
    this.#sets[set]!.ticket.facts[limit]!.largest = largest;
    for (const listener of this.#sizeListeners) listener(set, limit, largest);
    // The owner refuses what is too much. What a call took by itself, and now would wait for, is known here alone.
    for (const [request, { owner, amounts, reject }] of Array.from(this.#pending)) {
      const refusal = owner === undefined ? undefined : this.#refusal(owner, amounts);
      if (refusal === undefined) continue;
      this.#pending.delete(request);
      this.#line.send({ what: "leave", request });
      reject(refusal);
    }
  }

  /**
   * Takes what is free, where this thread can; checks the request in any case. Returns whether the call holds something
   * where nothing was taken.
   */
  #take(caller: Caller | undefined, amounts: Amounts | undefined): HeldGrant<unknown> | boolean {
    let refusal: unknown;
    let isPossible = false;
    let isHolder = false;
    const now = machineClock.now();
    for (const { shared, ticket, takesAgainAt } of this.#inOrder()) {
      try {
        const need = needOf(ticket.facts, amounts);
        if (checkHolder(caller, ticket.facts, need)) isHolder = true;
        isPossible = true;
        const grant = now >= takesAgainAt ? shared?.take(need, caller?.id) : undefined;
        if (grant) return grant;
      } catch (error) {
        refusal ??= error;
      }
    }
    if (!isPossible) throw refusal;
    return isHolder;
  }

  /** Why no set can ever serve what a call asks for; nothing where one can. */
  #refusal(owner: string, amounts: Amounts | undefined): unknown {
    let refusal: unknown;
    for (const { ticket } of this.#sets) {
      try {
        checkHolder({ id: owner }, ticket.facts, needOf(ticket.facts, amounts));
        return undefined;
      } catch (error) {
        refusal ??= error;
      }
    }
    return refusal;
  }

  /** The sets, the one to ask first at the front. */
  #inOrder(): readonly KnownSet[] {
    const sets = this.#sets;
    if (sets.length === 1) return sets;
    const { loadBalancing } = this.#ticket;
    if (loadBalancing === "least-used") return sets.toSorted((a, b) => usage(a) - usage(b));
    const first = loadBalancing === "random" ? Math.floor(Math.random() * sets.length) : this.#next++ % sets.length;
    return [...sets.slice(first), ...sets.slice(0, first)];
  }

  #know(ticket: SetTicket, index: number): KnownSet {
    const owner: OneSet = {
      pause: (ms) => {
        this.#line.send({ what: "pause", set: index, ms });
        takeNothingFor(set, ms);
      },
      heed: (advice) => {
        this.#line.send({ what: "learn", set: index, advice });
        takeNothingFor(set, advice.retryAfter ?? SETTLED_AFTER_MS);
      },
      poke: () => this.#line.send({ what: "poke", set: index }),
    };
    const shared = ticket.shared && new SharedSet(ticket.shared, ticket.facts, ticket.config, owner);
    const set: KnownSet = { ticket, shared, owner, takesAgainAt: Number.NEGATIVE_INFINITY };
    return set;
  }

  async #ask(
    message: (request: number) => LimitMessage,
    owner: string | undefined,
    amounts: Amounts | undefined,
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<HeldGrant<unknown> | undefined> {
    for (const signal of signals) signal?.throwIfAborted();
    const request = ++this.#requests;
    const forgets: (() => void)[] = [];
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(request, { owner, amounts, resolve, reject });
        const leave = (reason: unknown): void => {
          if (this.#pending.delete(request)) this.#line.send({ what: "leave", request });
          reject(reason as Error);
        };
        for (const signal of signals) if (signal) forgets.push(onAbort(signal, leave));
        this.#line.send(message(request));
      });
    } finally {
      for (const forget of forgets) forget();
    }
  }

  #granted({ request, set, taken }: LimitReply & { what: "granted" }, owner: string | undefined): HeldGrant<unknown> {
    const began = (at: number): void => this.#line.send({ what: "began", request, at });
    if (this.#sets[set]!.ticket.facts.some(({ kind }) => kind === "rate")) {
      endOfTurn(() => began(machineClock.now()));
    }
    return this.#grant({ request }, set, taken, owner, (_grant, at) => began(at));
  }

  /** What a call took before this worker was given it, of this set. Its pool gives it back, and knows that the call holds it. */
  grantOf(call: number, set: number, taken: readonly number[]): HeldGrant<unknown> {
    return this.#grant({ call }, set, taken, undefined, undefined);
  }

  #grant(
    name: GrantName,
    set: number,
    taken: readonly number[],
    owner: string | undefined,
    began: GrantKeeper["began"],
  ): HeldGrant<unknown> {
    const { ticket, owner: setOwner } = this.#sets[set]!;
    const keeper: GrantKeeper = {
      held: ticket.facts,
      settle: ({ amounts }) => this.#line.send({ what: "update", ...name, usage: amounts }),
      giveBack: (_grant, outcome) => this.#line.send({ what: "release", ...name, outcome }),
      pause: setOwner.pause,
      heed: setOwner.heed,
      ...(began && { began }),
    };
    return new HeldGrant<unknown>(keeper, taken, machineClock.now(), ticket.config, owner);
  }

  static {
    staysHome(this);
  }
}

/** What a server says of itself holds here before the owner has read it. */
function takeNothingFor(set: KnownSet, ms: number): void {
  set.takesAgainAt = Math.max(set.takesAgainAt, machineClock.now() + ms);
}

/** How much of the limit is used of which the most is, where this thread can see it; else the owner chooses. */
function usage({ shared }: KnownSet): number {
  const now = machineClock.now();
  return Math.max(0, ...(shared?.cores ?? []).map((core) => core.stats(now).utilization));
}
