import type { HeldGrant } from "../limits/grant.js";
import type { Outcome } from "../limits/limit.js";
import type { Call } from "./call.js";
import { outcomeOf } from "./call-outcome.js";

/** What calls took of limits that were given up and run on in this event loop: it stays taken until they end. */
export class AbandonedGrants {
  readonly #grants = new Map<number, { readonly grant: HeldGrant<unknown>; readonly outcome: Outcome }>();

  keep(call: Call): void {
    const grant = call.takeGrant();
    if (grant) this.#grants.set(call.sequence, { grant, outcome: outcomeOf(call, undefined, undefined) });
  }

  /** The call has ended after all. */
  ended(sequence: number): void {
    const kept = this.#grants.get(sequence);
    kept?.grant.release(kept.outcome);
    this.#grants.delete(sequence);
  }
}
