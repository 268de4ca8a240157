import type { Amounts } from "../limits/grant.js";
import { checkPermitOptions, type PermitOptions } from "../scope/give-up.js";

/** How a lease is waited for, and what is taken with it. */
export interface ResourceLeaseOptions extends PermitOptions {
  /**
   * How long to wait at most, for a place and for the resource together, in ms.
   *
   * @default `acquireTimeout` of the pool
   */
  readonly timeout?: number | undefined;
  /** What to take of the other limits of the pool's set, together with the resource. Default: as `Limits.acquire` does. */
  readonly amounts?: Amounts | undefined;
  /** Requests of different keys (users, tenants) are served in turn; only with `limits`. */
  readonly key?: string | undefined;
}

/**
 * @param limit - the key of the limit of which each lease takes one, where the pool has limits
 * @throws {TypeError | RangeError} for options that are not valid
 * @throws the reason of the signal, when it has fired
 */
export function checkLeaseOptions(options: ResourceLeaseOptions, limit: string | undefined): void {
  checkPermitOptions("acquire", options, ["amounts", "key"]);
  const { amounts, key } = options;
  if (limit === undefined && (amounts !== undefined || key !== undefined)) {
    const name = amounts === undefined ? "key" : "amounts";
    throw new TypeError(`Cannot set 'acquire.${name}' as the pool has no limits: set its option 'limits'`);
  }
  if (limit !== undefined && amounts !== undefined && Object.hasOwn(amounts, limit)) {
    throw new TypeError(`Cannot set 'acquire.amounts.${limit}' as a lease takes one resource`);
  }
}
