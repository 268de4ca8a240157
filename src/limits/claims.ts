/**
 * The claims of one set: those whose turn it is and who are blocked, one of the holders and one of the others.
 *
 * A claim stands with each limit that its request needs, where all sets that share the limit see it.
 */
import type { Claim, LimitCore } from "./limit.js";
import type { LimitRequest } from "./limit-request.js";

/** How often one with a claim is overtaken by later ones. */
const OVERTAKINGS = 16;

export class Claims {
  readonly #cores: readonly LimitCore[];
  /** What the set itself has told the limits to call: it needs not be told of what it does. */
  readonly #serve: () => void;
  readonly #claims: (LimitRequest | undefined)[] = [undefined, undefined];

  constructor(cores: readonly LimitCore[], serve: () => void) {
    this.#cores = cores;
    this.#serve = serve;
  }

  /** Whether no earlier request that needs one of the same limits has been overtaken often enough. */
  mayOvertake(need: readonly number[], order: number): boolean {
    for (let index = 0; index < need.length; index += 1) {
      const { claims } = this.#cores[index]!;
      if (claims.length === 0 || need[index] === 0) continue;
      for (const claim of claims) if (claim.order < order && claim.overtaken >= OVERTAKINGS) return false;
    }
    return true;
  }

  /** The request of this room that has been overtaken often enough. */
  due(room: number): LimitRequest | undefined {
    const request = this.#claims[room];
    return request && request.overtaken >= OVERTAKINGS ? request : undefined;
  }

  /** Notes that a request of this order was served. */
  overtake(need: readonly number[], order: number): void {
    for (let index = 0; index < need.length; index += 1) {
      const { claims } = this.#cores[index]!;
      if (claims.length === 0 || need[index] === 0) continue;
      for (const claim of claims) if (claim.order < order && !this.#isCounted(claim, need, index)) claim.overtaken += 1;
    }
  }

  /** Gives the claim of this room to the request, unless another has it: who overtakes that takes its turn, not its claim. */
  offer(request: LimitRequest | undefined, room: number): void {
    const holder = this.#claims[room];
    if (!holder || holder.requester.isReady?.() === false) this.#give(request, room);
  }

  /** The request waits no more. */
  forget(request: LimitRequest): void {
    const room = this.#claims.indexOf(request);
    if (room >= 0) this.#give(undefined, room);
  }

  /** Whether the claim stands with an earlier limit of the request too: then it was counted there. */
  #isCounted(claim: Claim, need: readonly number[], before: number): boolean {
    for (let index = 0; index < before; index += 1) {
      if (need[index]! > 0 && this.#cores[index]!.claims.includes(claim)) return true;
    }
    return false;
  }

  #give(request: LimitRequest | undefined, room: number): void {
    const former = this.#claims[room];
    if (former === request) return;
    this.#claims[room] = request;
    for (let index = 0; index < this.#cores.length; index += 1) {
      const { claims, watchers } = this.#cores[index]!;
      if (request && request.need[index]! > 0) claims.push(request);
      const at = former ? claims.indexOf(former) : -1;
      if (at === -1) continue;
      claims.splice(at, 1);
      // Other sets may have held back for it.
      for (const watcher of watchers) if (watcher !== this.#serve) queueMicrotask(watcher);
    }
  }
}
