/**
 * One `acquire` of a resource pool that could not be served at once.
 *
 * place ──→ resource ──→ over
 *   └───────────┴──────→ over   (timeout, signal, stop, or an error of `create`)
 *
 * Owns what it holds meanwhile. B1. However it ends, it settles once, waits nowhere, and has given back what it held.
 */
import type { Waiting } from "../limits/acquire.js";
import type { HeldGrant } from "../limits/grant.js";
import type { Impatient } from "../scope/give-up.js";
import type { PermitWaiter } from "../scope/permit-queue.js";
import type { ResourceLease } from "./resource-lease.js";
import type { Member, Taker } from "./resource-stock.js";

/** What the pool does for those who wait. */
export interface Desk<T> {
  /** Looks for a resource for one that has a place. */
  seek(taker: Taker<T>): void;
  lend(member: Member<T>, grant: HeldGrant<unknown> | undefined): ResourceLease<T>;
  /** Stops waiting for a place. */
  leavePlaces(borrower: PermitWaiter): void;
  /** Stops waiting for a resource, with the place that was kept for it. */
  leaveStock(taker: Taker<T>): void;
  /** Gives back a place that was not used. */
  undo(grant: HeldGrant<unknown> | undefined): void;
  /** The error of one that waited too long, in this state. */
  tooLate(state: Borrower<T>["state"], timeout: number): Error;
  /** It waits no more. */
  ended(borrower: Borrower<T>): void;
}

let borrowers = 0;

export class Borrower<T> implements PermitWaiter, Taker<T>, Impatient {
  readonly weight = 1;
  readonly rank: number;
  readonly sequence = ++borrowers;
  waitsIn: { delete(call: never): void } | undefined;
  /** Where it waits for limits. */
  request: Waiting | undefined;
  /** Stops what could end the wait. */
  forget: (() => void) | undefined;
  state: "place" | "resource" | "over" = "place";
  #grant: HeldGrant<unknown> | undefined;
  readonly #desk: Desk<T>;
  readonly #resolve: (lease: ResourceLease<T>) => void;
  readonly #reject: (error: Error) => void;

  constructor(desk: Desk<T>, rank: number, resolve: (lease: ResourceLease<T>) => void, reject: (error: Error) => void) {
    this.#desk = desk;
    this.rank = rank;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** It has a place now. */
  granted(grant?: HeldGrant<unknown>): void {
    if (this.state !== "place") return this.#desk.undo(grant);
    this.state = "resource";
    this.#grant = grant;
    this.#desk.seek(this);
  }

  supplied(member: Member<T>): void {
    const lease = this.#desk.lend(member, this.#grant);
    this.#end();
    this.#resolve(lease);
  }

  /** There is no place for it, or no resource: `create` threw. */
  failed(error: unknown): void {
    this.giveUp(error);
  }

  giveUp(error: unknown): void {
    const { state } = this;
    if (state === "over") return;
    this.#end();
    if (state === "place") {
      this.request?.leave();
      this.#desk.leavePlaces(this);
    } else {
      this.#desk.leaveStock(this);
      this.#desk.undo(this.#grant);
    }
    this.#reject(error as Error);
  }

  tooLate(timeout: number): Error {
    return this.#desk.tooLate(this.state, timeout);
  }

  #end(): void {
    this.state = "over";
    this.forget?.();
    this.#desk.ended(this);
  }
}
