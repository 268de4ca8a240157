/**
 * The grants that a worker elsewhere speaks of by a number: those it has, and the last ones it had, for what they really
 * used may become known only later.
 */
import type { HeldGrant } from "../grant.js";

/** How many grants that have ended can still be corrected. */
const ENDED = 1024;

export class GrantLedger {
  readonly #grants = new Map<number, HeldGrant<unknown>>();
  /** The oldest first. */
  readonly #ended = new Map<number, HeldGrant<unknown>>();

  add(number: number, grant: HeldGrant<unknown>): void {
    this.#grants.set(number, grant);
  }

  find(number: number): HeldGrant<unknown> | undefined {
    return this.#grants.get(number) ?? this.#ended.get(number);
  }

  /** Returns the grant, where it has not ended before. */
  end(number: number): HeldGrant<unknown> | undefined {
    const grant = this.#grants.get(number);
    if (!grant) return undefined;
    this.#grants.delete(number);
    this.#ended.set(number, grant);
    if (this.#ended.size > ENDED) this.#ended.delete(this.#ended.keys().next().value!);
    return grant;
  }

  /** Those that have not ended, which are forgotten. */
  takeAll(): HeldGrant<unknown>[] {
    const grants = [...this.#grants.values()];
    this.#grants.clear();
    return grants;
  }
}
