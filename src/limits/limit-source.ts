import type { Waiting } from "./acquire.js";
import type { AcquireOptions, Amounts, Grant, GrantKeeper, HeldGrant, Limits } from "./grant.js";
import type { ServerAdvice } from "./headers/read-headers.js";
import type { Caller } from "./holdings.js";
import type { Requester } from "./limit-request.js";
import type { LimitSetStats } from "./limit-set.js";
import type { LimitMessage } from "./remote/line.js";
import type { IssuedTicket } from "./remote/ticket.js";

/** Which set of a limit pool is asked first. */
export type LimitPoolBalancing = "round-robin" | "random" | "least-used";

/** One set of a source, for what concerns no other. */
export interface OneSet extends Pick<GrantKeeper, "pause" | "heed"> {
  /** A thread gave something of this set back by itself: others may take something now. */
  poke(): void;
}

/** Limits as pools need them: a set, several, or those of a pool around this one, reached from one of its workers. */
export interface LimitSource<C = unknown> extends Limits<C> {
  /** Whether there are no limits at all. */
  readonly isUnlimited: boolean;
  /** As the worker of this index has them. */
  at(index: number): LimitSource<C>;
  /** `acquire`, for a call that may run elsewhere. */
  acquireFor(caller: Caller | undefined, amounts?: Amounts, options?: AcquireOptions): Promise<Grant<C>>;
  /** `tryAcquire`, for a call that may run elsewhere. */
  tryAcquireFor(caller: Caller | undefined, amounts?: Amounts): Promise<Grant<C> | undefined>;
  /**
   * Waits without a promise.
   * @throws {TypeError | RangeError} for amounts that can never be granted
   */
  enqueueFor(amounts: Amounts | undefined, requester: Requester<C>): Waiting;
  /** Of which set a grant is. */
  indexOf(grant: HeldGrant<unknown>): number;
  /** Does what `learn` does with what was read already. */
  heed(advice: ServerAdvice): void;
  /** Gives to those that wait what there is, as one that was not ready may be now. */
  serve(): void;
  /** The set of this index; nothing where there is none. */
  setAt(index: number): OneSet | undefined;
  /** Tells the owner what is lent to workers inside this one; only where the owner is elsewhere. */
  relay?(message: LimitMessage): void;
  /** Told until what is returned is called when more, or less, of a limit can be taken at most. */
  onResize(listener: (set: number, limit: number, largest: number) => void): () => void;
  /** What a worker in another thread or process needs to ask for them. */
  issue(isThread: boolean): IssuedTicket;
  /** One for each set; none where they are not known. */
  reports(): readonly LimitSetStats[];
}
