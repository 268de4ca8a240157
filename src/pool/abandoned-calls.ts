import type { HeldGrant } from "../limits/grant.js";
import type { Outcome } from "../limits/limit.js";
import type { Call } from "./call.js";
import { outcomeOf } from "./call-outcome.js";

interface Abandoned {
  readonly grant: HeldGrant<unknown> | undefined;
  readonly outcome: Outcome;
  /** For a call that belongs to a scope. */
  readonly call: Call | undefined;
}

/**
 * Calls that were given up and run on in this event loop: what they took of limits stays taken until they end, and so long
 * they belong to their scope.
 */
export class AbandonedCalls {
  readonly #all = new Map<number, Abandoned>();

  /** To be told before the worker counts as having let go. */
  keep(call: Call): void {
    const grant = call.takeGrant();
    if (!grant && !call.isInScope) return;
    if (call.isInScope) call.abandoned(true);
    this.#all.set(call.sequence, {
      grant,
      outcome: outcomeOf(call, undefined, undefined),
      call: call.isInScope ? call : undefined,
    });
  }

  /** The call has ended after all. */
  ended(sequence: number): void {
    const abandoned = this.#all.get(sequence);
    if (!abandoned) return;
    this.#all.delete(sequence);
    abandoned.grant?.release(abandoned.outcome);
    if (!abandoned.call) return;
    abandoned.call.abandoned(false);
    abandoned.call.letGo();
  }
}
