/**
 * Those of one set in this process that wait, here or in the queue of all processes, and what is known of their grants.
 *
 * Owns both, by numbers that are never used again. When to speak to the script is the exchange's.
 *
 * R1. Of those that wait here at most `WINDOW` stand in the queue of all: those whose turn it is here.
 * R2. Whoever waits no more, and was granted it all the same, gives it back.
 * R3. A grant that is told of twice is used once.
 */
import { machineClock } from "../../config/monotonic.js";
import type { HeldGrant } from "../../limits/grant.js";
import type { Requester } from "../../limits/limit-request.js";
import { FairRoom } from "../../waiting/fair-room.js";
import type { Granted, StepAsks } from "./answers.js";
import type { Asks } from "./asks.js";
import type { Patience } from "./patience.js";
import { SharedRequest } from "./shared-request.js";

/** One that does not wait for its turn, only for the answer. */
export interface Try {
  readonly need: readonly number[];
  readonly owner: string | undefined;
  granted(grant: HeldGrant<unknown>): void;
}

/** What requests need of their exchange. */
export interface RequestsHost {
  /** What the next step asks. */
  readonly asks: Asks;
  readonly patience: Patience;
  say(): void;
  /** So much is held now. */
  taken(need: readonly number[]): void;
  grant(need: readonly number[], takenAt: number, owner: string | undefined): HeldGrant<unknown>;
  /** The error of one that waited for too long. */
  unavailable(): Error;
}

const WINDOW = 64;

export class Requests {
  readonly #host: RequestsHost;
  /** Those that are not in the queue of all yet. */
  readonly #room = new FairRoom<SharedRequest>();
  readonly #asked = new Map<number, SharedRequest>();
  readonly #tries = new Map<number, Try>();
  /** Those that wait no more, and may have been granted all the same. */
  readonly #left = new Map<number, readonly number[]>();
  /** Grants that are known here, for as long as the script may speak of them. */
  readonly #known = new Set<number>();
  #ids = 0;
  /** The last that went into the queue of all: its flow, and its rank. */
  #lastAsked = { flow: "", rank: Number.NEGATIVE_INFINITY };

  constructor(host: RequestsHost) {
    this.#host = host;
  }

  /** How many wait. */
  get size(): number {
    return this.#room.size + this.#asked.size;
  }

  /** Whether some stand in the queue of all. */
  get areAsked(): boolean {
    return this.#asked.size > 0;
  }

  /** Whether some could stand in the queue of all, and do not. */
  get areLeftOut(): boolean {
    return !this.#room.isEmpty && this.#asked.size < WINDOW;
  }

  /** Whether the script has not been told of all grants that they are known. */
  get areUnconfirmed(): boolean {
    return this.#known.size > 0;
  }

  add(need: readonly number[], requester: Requester<unknown>, isHolder: boolean): SharedRequest {
    const now = machineClock.now();
    const request = new SharedRequest(need, requester, isHolder, now, this.#leave, this.#giveUp);
    this.#host.patience.add(request);
    this.#room.add(request);
    this.#host.say();
    return request;
  }

  /** Asks for it without waiting; returns what gives it up. */
  try(one: Try, isHolder: boolean): () => void {
    const id = this.#nextId();
    this.#tries.set(id, one);
    this.#host.asks.tries.push([id, isHolder ? 1 : 0, ...one.need]);
    return () => {
      if (this.#tries.delete(id)) this.#forget(id, one.need);
    };
  }

  /** Refuses those for whom this throws. */
  refuse(check: (need: readonly number[]) => void): void {
    for (const request of [...this.#room.all(), ...this.#asked.values()]) {
      try {
        check(request.need);
      } catch (error) {
        request.leave();
        request.requester.failed?.(error);
      }
    }
  }

  /** Those that come into the queue of all now (R1), as the script reads them. */
  next(): number[][] {
    const requests: number[][] = [];
    const now = machineClock.now();
    while (this.#asked.size < WINDOW) {
      const request = this.#room.peek();
      if (!request) break;
      this.#room.serve(request);
      const id = this.#nextId();
      // Flows go in turn here: among all processes none goes before the one that it followed.
      const { flow, rank } = this.#lastAsked;
      const isBehind = this.#asked.size > 0 && flow !== request.flow;
      this.#lastAsked = { flow: request.flow, rank: isBehind ? Math.max(rank, request.rank) : request.rank };
      requests.push([id, now - this.#lastAsked.rank, request.isHolder ? 1 : 0, ...request.need]);
      this.#asked.set(id, request);
    }
    return requests;
  }

  /** The script knows nothing of what stood in the queue of all before: it was reaped, or its memory was lost. */
  askAgain(asked: StepAsks["requests"]): void {
    const fresh = new Set(asked.map(([id]) => id));
    for (const [id, request] of Array.from(this.#asked)) {
      if (fresh.has(id)) continue;
      this.#asked.delete(id);
      this.#room.add(request);
      this.#host.say();
    }
  }

  /** All that a step asked was answered. */
  settle({ confirmed, left, tries }: StepAsks): void {
    for (const id of confirmed) this.#known.delete(id);
    for (const id of left) this.#left.delete(id);
    for (const [id] of tries) this.#tries.delete(id!);
  }

  /** A step was made, but what it granted may have been taken back since: it is asked again what there is. */
  doubt({ confirmed, left, tries }: StepAsks): void {
    for (const id of confirmed) this.#known.delete(id);
    for (const id of left) this.#host.asks.left.push(id);
    for (const [id] of tries) {
      const one = this.#tries.get(id!);
      if (one && this.#tries.delete(id!)) this.#forget(id!, one.need);
    }
    this.#host.say();
  }

  /**
   * Takes what was granted; false when it is known already, or was not asked for.
   * @param isSure - whether it is the script that says so, not a notice, which may come late
   */
  accept([id, takenAt]: Granted, isSure: boolean): boolean {
    // R3
    if (this.#known.has(id)) return false;
    const request = this.#asked.get(id);
    const one = this.#tries.get(id);
    const left = this.#left.get(id);
    if (!request && !one && !left && !isSure) return false;
    const host = this.#host;
    this.#known.add(id);
    host.asks.confirmed.push(id);
    if (request) {
      this.#asked.delete(id);
      this.#over(request);
      host.taken(request.need);
      request.requester.granted(host.grant(request.need, takenAt, request.requester.owner));
    } else if (one) {
      this.#tries.delete(id);
      host.taken(one.need);
      one.granted(host.grant(one.need, takenAt, one.owner));
    } else if (left) {
      // R2
      this.#left.delete(id);
      const less = left.map((amount) => -amount);
      host.asks.settled.push([takenAt, ...less]);
      host.say();
    }
    return true;
  }

  readonly #leave = (request: SharedRequest): void => {
    this.#over(request);
    if (request.waitsIn) {
      this.#room.delete(request);
      return;
    }
    for (const [id, asked] of this.#asked) {
      if (asked !== request) continue;
      this.#asked.delete(id);
      this.#forget(id, request.need);
      return;
    }
  };

  readonly #giveUp = (request: SharedRequest): void => {
    request.leave();
    request.requester.failed?.(this.#host.unavailable());
  };

  #forget(id: number, need: readonly number[]): void {
    this.#left.set(id, need);
    this.#host.asks.left.push(id);
    this.#host.say();
  }

  #over(request: SharedRequest): void {
    request.isOver = true;
    this.#host.patience.delete(request);
  }

  #nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }
}
