import { staysHome } from "../config/homebound.js";
import type { Amounts, Grant, HeldGrant } from "../limits/grant.js";
import type { Outcome } from "../limits/limit.js";

/**
 * What `acquire` of a resource pool returns: a resource of one's own, until it is released.
 *
 * `using` and `await using` release it at the end of the block.
 */
export interface ResourceLease<T> extends Disposable, AsyncDisposable {
  /**
   * The resource.
   *
   * @throws {TypeError} once the lease is released, as somebody else may have it
   */
  readonly value: T;
  /** What was taken of the pool's limits together with it; `undefined` when the pool has none. */
  readonly grant: ResourceLeaseGrant | undefined;
  readonly isReleased: boolean;
  /**
   * Gives the resource back for others to use; a second time does nothing.
   *
   * @param outcome - for an `AdaptiveLimit` among the limits; see `Grant.release`
   */
  release(outcome?: Outcome): void;
  /**
   * Gives the resource back as broken: it is destroyed, and another is made when one is needed. Does nothing once it is
   * released.
   *
   * @param error - what happened to it; `destroy` is told
   */
  discard(error?: unknown): void;
}

/** A grant that ends with its lease. */
export interface ResourceLeaseGrant extends Pick<Grant, "amounts" | "config"> {
  /**
   * Says what was really used; see `Grant.update`. It stays possible when the lease is released.
   *
   * @throws {TypeError} for a key that was not taken, or that of the resource itself
   * @throws {RangeError} for an amount that is not a finite number from 0 on
   */
  update(usage: Amounts): void;
}

/** Where leases come from. */
export interface LeaseKeeper<M> {
  /** The limit of which each lease holds one. */
  readonly key: string | undefined;
  putBack(member: M, grant: HeldGrant<unknown> | undefined, outcome: Outcome): void;
  discard(member: M, grant: HeldGrant<unknown> | undefined, error: unknown): void;
}

export class HeldLease<T, M extends { readonly value: T }> implements ResourceLease<T> {
  readonly #keeper: LeaseKeeper<M>;
  readonly #grant: HeldGrant<unknown> | undefined;
  #member: M | undefined;

  constructor(keeper: LeaseKeeper<M>, member: M, grant: HeldGrant<unknown> | undefined) {
    this.#keeper = keeper;
    this.#member = member;
    this.#grant = grant;
  }

  get value(): T {
    const member = this.#member;
    if (member === undefined) {
      throw new TypeError("Cannot use the resource as its lease is released: somebody else may have it");
    }
    return member.value;
  }

  get grant(): ResourceLeaseGrant | undefined {
    const grant = this.#grant;
    if (!grant) return undefined;
    const { key } = this.#keeper;
    return {
      get amounts() {
        return grant.amounts;
      },
      config: grant.config,
      update: (usage) => {
        if (key !== undefined && Object.hasOwn(usage, key)) {
          throw new TypeError(`Cannot update '${key}' as the lease holds one until it is released`);
        }
        grant.update(usage);
      },
    };
  }

  get isReleased(): boolean {
    return this.#member === undefined;
  }

  release(outcome: Outcome = "success"): void {
    const member = this.#member;
    if (member === undefined) return;
    this.#member = undefined;
    this.#keeper.putBack(member, this.#grant, outcome);
  }

  discard(error?: unknown): void {
    const member = this.#member;
    if (member === undefined) return;
    this.#member = undefined;
    this.#keeper.discard(member, this.#grant, error);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }

  static {
    staysHome(this);
  }
}
