/** Turns what a request asks for, by key, into a row of amounts, one for each limit of a set. */
import { show } from "../config/show.js";
import { closest } from "../config/closest.js";
import type { Amounts } from "./grant.js";
import type { LimitCore } from "./limit.js";

type KnownLimit = Pick<LimitCore, "key" | "fallback" | "largest">;

/**
 * @throws {TypeError} for amounts that are no object, a key that no limit has, or a rate without an amount
 * @throws {RangeError} for an amount that is no finite number from 0 on, or above a capacity
 */
export function needOf(limits: readonly KnownLimit[], amounts: Amounts | undefined): readonly number[] {
  if (amounts && limits.length > 0) refuseUnknown(limits, amounts);
  // Most sets have one limit: no more than the row is made for it.
  if (limits.length === 1) return [amountOf(limits[0]!, amounts)];
  return limits.map((limit) => amountOf(limit, amounts));
}

function amountOf(limit: KnownLimit, amounts: Amounts | undefined): number {
  const asked = amounts?.[limit.key];
  // A key may be that of something every object inherits, as "constructor".
  const amount = asked !== undefined && Object.hasOwn(amounts!, limit.key) ? asked : limit.fallback;
  if (amount === undefined) {
    throw new TypeError(
      `Cannot acquire without an amount of '${limit.key}' as it is a rate: pass { ${limit.key}: amount }`,
    );
  }
  if (!Number.isFinite(amount) || amount < 0) {
    throw new RangeError(
      `Cannot acquire that much of '${limit.key}' as it must be a finite number from 0 on: current value is ` +
        show(amount),
    );
  }
  refuseTooMuch(limit, amount);
  return amount;
}

/** @throws {RangeError} for an amount above the capacity */
export function refuseTooMuch({ key, largest }: KnownLimit, amount: number): void {
  if (amount <= largest) return;
  throw new RangeError(`Cannot acquire ${amount} of '${key}' as that is above its capacity of ${largest}`);
}

function refuseUnknown(limits: readonly KnownLimit[], amounts: Amounts): void {
  // A promise has no keys of its own: an asynchronous function would pass for one that names nothing.
  if (typeof amounts !== "object" || amounts instanceof Promise) {
    throw new TypeError(`Cannot acquire as the amounts must be an object: current value is ${show(amounts)}`);
  }
  // Not over a list of the keys, which would be made for each request; what is inherited is not asked for.
  for (const key in amounts) {
    if (hasKey(limits, key) || !Object.hasOwn(amounts, key)) continue;
    const known = limits.map((limit) => limit.key);
    const hint = closest(key, known);
    throw new TypeError(
      `Cannot acquire '${key}' as the set has no such limit: it has ${known.map((name) => `'${name}'`).join(", ")}` +
        (hint ? `, did you mean '${hint}'?` : ""),
    );
  }
}

/** A loop: it runs for each key of each request. */
function hasKey(limits: readonly KnownLimit[], key: string): boolean {
  for (let index = 0; index < limits.length; index += 1) if (limits[index]!.key === key) return true;
  return false;
}
