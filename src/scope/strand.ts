/**
 * One strand of a group: its body, or one child, with what it started that is not over.
 *
 * Owns its members and its cancellation. Does not own the order of children, nor the errors (`GroupCore`).
 *
 * S1. It is busy, and kept by its group, while its function runs or it has members.
 * S2. When it is cancelled its members are, once. Who would be a member of a cancelled strand does not begin.
 * S3. A member that comes when no function of the group runs any more is orphaned at once.
 */
import { sharedController } from "../config/shared-controller.js";
import type { Scope, ScopeMember } from "./current-scope.js";
import { isCancellation } from "./is-cancellation.js";

/** Who owns strands: a group. */
export interface StrandOwner {
  readonly deadline: number | undefined;
  readonly grace: number;
  readonly isOver: boolean;
  readonly outer: Scope | undefined;
  /** Whether none of its functions runs any more. */
  readonly isIdle: boolean;
  busy(strand: Strand): void;
  idle(strand: Strand): void;
  memberFailed(label: string, error: unknown): void;
}

export class Strand implements Scope {
  readonly owner: StrandOwner;
  #isRunning = false;
  #members: Set<ScopeMember> | undefined;
  #cancellation: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;

  constructor(owner: StrandOwner) {
    this.owner = owner;
  }

  /** To make one takes microseconds, and few look. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = sharedController();
      if (this.#cancellation) this.#controller.abort(this.#cancellation.reason);
    }
    return this.#controller.signal;
  }

  get cancellation(): { readonly reason: unknown } | undefined {
    return this.#cancellation;
  }

  get deadline(): number | undefined {
    return this.owner.deadline;
  }

  get grace(): number {
    return this.owner.grace;
  }

  get isOver(): boolean {
    return this.owner.isOver;
  }

  get outer(): Scope | undefined {
    return this.owner.outer;
  }

  /** Whether its function runs. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  get members(): ScopeMember[] {
    return this.#members ? [...this.#members] : [];
  }

  add(member: ScopeMember): void {
    this.#members ??= new Set();
    this.#members.add(member);
    if (this.#members.size === 1 && !this.#isRunning) this.owner.busy(this);
    if (this.owner.isIdle) member.orphaned();
  }

  delete(member: ScopeMember): void {
    if (this.#members?.delete(member) && this.#members.size === 0 && !this.#isRunning) this.owner.idle(this);
  }

  failed(label: string, error: unknown): void {
    this.owner.memberFailed(label, error);
  }

  /** Its function begins. */
  began(): void {
    this.#isRunning = true;
    this.owner.busy(this);
  }

  /** Its function has settled. */
  ended(): void {
    this.#isRunning = false;
    if (!this.#members?.size) this.owner.idle(this);
  }

  /** Whether what its function threw comes from its cancellation. */
  isDueToCancelling(error: unknown): boolean {
    return this.#cancellation !== undefined && isCancellation(error, this.#cancellation.reason);
  }

  /** Fires the signal, and cancels the members. */
  abort(reason: unknown): void {
    if (this.#cancellation) return;
    this.#cancellation = { reason };
    this.#controller?.abort(reason);
    for (const member of this.members) member.cancel(reason);
  }
}
