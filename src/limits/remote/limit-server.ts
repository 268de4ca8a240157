/**
 * Answers one worker in another thread or process that asks for limits.
 *
 * Owns the requests that wait and the grants that were given; when the worker is gone, both come to an end. What calls
 * took that were given to the worker is their pool's: it is only found here.
 */
import type { HeldGrant } from "../grant.js";
import type { Outcome } from "../limit.js";
import type { LimitSource, OneSet } from "../limit-source.js";
import { GrantLedger } from "./grant-ledger.js";
import type { GrantName, LimitMessage, LimitReply } from "./line.js";
import type { IssuedTicket, LimitsTicket } from "./ticket.js";

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
  /** What the worker asked for, by request. */
  readonly #grants = new GrantLedger();
  /** What calls took before the worker was given them, by call: their pool gives it back. */
  readonly #lentGrants = new GrantLedger();
  /** Rows of workers inside this one. */
  readonly #lent = new Set<LimitMessage & { what: "lent" | "returned" }>();
  readonly #forgetSizes: () => void;
  /** What the worker is told as soon as it says that it listens. */
  #unsaid: LimitReply[] | undefined = [];
  #thread: number | undefined;
  #isClosed = false;

  constructor(source: LimitSource, isThread: boolean, line: ReplyLine) {
    this.#source = source;
    this.#line = line;
    this.#issued = source.issue(isThread);
    this.#forgetSizes = source.onResize((set, limit, largest) => {
      const reply: LimitReply = { what: "resized", set, limit, largest };
      if (this.#unsaid) this.#unsaid.push(reply);
      else line.send(reply);
    });
  }

  get ticket(): LimitsTicket {
    return this.#issued.ticket;
  }

  /** A call goes to the worker, and may speak of what it took; returns of which set that is. */
  lendGrant(call: number, grant: HeldGrant<unknown>): number {
    this.#lentGrants.add(call, grant);
    return this.#source.indexOf(grant);
  }

  /** The worker has let go of the call. */
  callEnded(call: number): void {
    this.#lentGrants.end(call);
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
        this.#grants.find(message.request)?.began(message.at);
        return;
      case "update":
        this.#find(message)?.update(message.usage);
        return;
      case "release":
        this.#release(message, message.outcome);
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
        for (const reply of this.#unsaid ?? []) this.#line.send(reply);
        this.#unsaid = undefined;
    }
  }

  /** The worker is gone: what it held is free, and what it waited for is not needed. */
  close(): void {
    this.#isClosed = true;
    this.#forgetSizes();
    for (const controller of this.#waiting.values()) controller.abort();
    for (const grant of this.#grants.takeAll()) grant.release("ignored");
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
    this.#grants.add(request, grant);
    this.#line.send({ what: "granted", request, set: this.#source.indexOf(grant), taken: grant.taken });
  }

  #release(name: GrantName, outcome: Outcome): void {
    const grant = "request" in name ? this.#grants.end(name.request) : this.#lentGrants.find(name.call);
    grant?.release(outcome);
  }

  #find(name: GrantName): HeldGrant<unknown> | undefined {
    return "request" in name ? this.#grants.find(name.request) : this.#lentGrants.find(name.call);
  }
}
