import type { HeldGrant } from "../limits/grant.js";
import type { Call } from "./call.js";

/** What calls took of limits that were given up and still run in this event loop: it stays taken until they end. */
export class AbandonedGrants {
  readonly #grants = new Map<number, HeldGrant<unknown>>();

  /** The call is given up, and runs on. */
  keep(call: Call): void {
    const grant = call.takeGrant();
    if (grant) this.#grants.set(call.sequence, grant);
  }

  /** A call has ended; perhaps one of these. */
  ended(sequence: number): void {
    this.#grants.get(sequence)?.release("ignored");
    this.#grants.delete(sequence);
  }
}
