/**
 * Answers one worker in another thread or process that asks for limits.
 *
 * Owns the requests that wait and the grants that were given; when the worker is gone, both come to an end.
 */
import type { Amounts, HeldGrant } from "../grant.js";
import type { Outcome } from "../limit.js";
import type { LimitSource, OneSet } from "../limit-source.js";
import type { LimitMessage, LimitReply } from "./line.js";
import type { IssuedTicket, LimitsTicket } from "./ticket.js";

/** How many released grants can still be corrected. */
const RELEASED = 1024;

/** How answers travel. */
export interface ReplyLine {
  send(reply: LimitReply): void;
  encode(error: unknown): unknown;
}

export class LimitServer {
  readonly #source: LimitSource;
  readonly #line: ReplyLine;
  readonly #issued: IssuedTicket;
  readonly #waiting = new Map<number, AbortController>();
  readonly #grants = new Map<number, HeldGrant<unknown>>();
  /** The last ones that were released, the oldest first. */
  readonly #released = new Map<number, HeldGrant<unknown>>();
  /** Rows of workers inside this one. */
  readonly #lent = new Set<LimitMessage & { what: "lent" | "returned" }>();
  #thread: number | undefined;
  #isClosed = false;

  constructor(source: LimitSource, isThread: boolean, line: ReplyLine) {
    this.#source = source;
    this.#line = line;
    this.#issued = source.issue(isThread);
  }

  get ticket(): LimitsTicket {
    return this.#issued.ticket;
  }

  receive(message: LimitMessage): void {
    // What the worker said last may come after its end is known.
    if (this.#isClosed) return;
    switch (message.what) {
      case "acquire":
      case "try":
        void this.#answer(message);
        return;
      case "leave":
        this.#waiting.get(message.request)?.abort();
        return;
      case "began":
        this.#find(message.request)?.began(message.at);
        return;
      case "update":
        this.#update(message.request, message.usage);
        return;
      case "release":
        this.#release(message.request, message.outcome);
        return;
      case "pause":
        this.#told(message.set)?.pause(message.ms);
        return;
      case "learn":
        this.#told(message.set)?.heed(message.advice);
        return;
      case "poke":
        this.#source.setAt(message.set)?.poke();
        return;
      case "lent":
      case "returned":
        this.#lend(message);
        return;
      case "hello":
        this.#thread = message.thread;
    }
  }

  /** The worker is gone: what it held is free, and what it waited for is not needed. */
  close(): void {
    this.#isClosed = true;
    for (const controller of this.#waiting.values()) controller.abort();
    for (const grant of this.#grants.values()) grant.release("ignored");
    this.#grants.clear();
    this.#issued.withdraw(this.#thread);
    for (const { set, rows } of Array.from(this.#lent)) {
      this.#issued.abandon(set, rows);
      this.#lend({ what: "returned", set, rows });
    }
  }

  /** What is told concerns one set, or all. */
  #told(set: number | undefined): Pick<OneSet, "pause" | "heed"> | undefined {
    return set === undefined ? this.#source : this.#source.setAt(set);
  }

  #lend(message: LimitMessage & { what: "lent" | "returned" }): void {
    const { what, set, rows } = message;
    if (what === "lent") this.#lent.add(message);
    for (const lent of this.#lent) {
      if (what === "returned" && lent.set === set && String(lent.rows) === String(rows)) this.#lent.delete(lent);
    }
    this.#source.relay?.(message);
  }

  async #answer(message: LimitMessage & { what: "acquire" | "try" }): Promise<void> {
    const { request } = message;
    const controller = new AbortController();
    this.#waiting.set(request, controller);
    try {
      const grant = await this.#acquire(message, controller.signal);
      if (controller.signal.aborted || this.#isClosed) grant?.undo();
      else if (grant) this.#granted(request, grant);
      else this.#line.send({ what: "none", request });
    } catch (error) {
      if (!controller.signal.aborted && !this.#isClosed) {
        this.#line.send({ what: "failed", request, error: this.#line.encode(error) });
      }
    } finally {
      this.#waiting.delete(request);
    }
  }

  async #acquire(
    message: LimitMessage & { what: "acquire" | "try" },
    signal: AbortSignal,
  ): Promise<HeldGrant<unknown> | undefined> {
    const { owner, isHolder, amounts } = message;
    const caller = owner === undefined ? undefined : { id: owner, signal, isHolder };
    if (message.what === "try") {
      return (await this.#source.tryAcquireFor(caller, amounts)) as HeldGrant<unknown> | undefined;
    }
    const { timeout, priority, key } = message;
    const grant = await this.#source.acquireFor(caller, amounts, {
      signal,
      ...(timeout !== undefined && { timeout }),
      ...(priority !== undefined && { priority }),
      ...(key !== undefined && { key }),
    });
    return grant as HeldGrant<unknown>;
  }

  #granted(request: number, grant: HeldGrant<unknown>): void {
    this.#grants.set(request, grant);
    this.#line.send({ what: "granted", request, set: this.#source.indexOf(grant), taken: grant.taken });
  }

  #release(request: number, outcome: Outcome): void {
    const grant = this.#grants.get(request);
    if (!grant) return;
    grant.release(outcome);
    this.#grants.delete(request);
    // What it really used may become known only later.
    this.#released.set(request, grant);
    if (this.#released.size > RELEASED) this.#released.delete(this.#released.keys().next().value!);
  }

  #update(request: number, usage: Amounts): void {
    this.#find(request)?.update(usage);
  }

  #find(request: number): HeldGrant<unknown> | undefined {
    return this.#grants.get(request) ?? this.#released.get(request);
  }
}
