/**
 * What each call holds of which limits, so that one that asks for more while it holds some is not kept waiting behind
 * others that wait for what it holds, and is told when it would wait for itself.
 *
 * Only calls are known by name here: code outside any call has no holdings, and a deadlock with itself ends by its timeout.
 */
import { LimitDeadlockError } from "../errors.js";
import type { LimitCore } from "./limit.js";

/** What stands for a limit here: one object for each, in each thread. */
export type HeldLimit = Pick<LimitCore, "kind" | "key" | "largest">;

const holdings = new Map<string, Map<HeldLimit, number>>();

/** The call that the running code serves. */
export interface Caller {
  readonly id: string;
  /** Fires when the call is cancelled: what it waits for is not needed any more. */
  readonly signal: AbortSignal;
  /** When it times out, in ms since the epoch. */
  readonly deadline?: number | undefined;
  /** Whether it holds something that is not known here, as it took it by itself in another thread. */
  readonly isHolder?: boolean;
}

let findCaller: () => Caller | undefined = () => undefined;

/** Says how the call that the running code serves is found. */
export function provideCaller(find: () => Caller | undefined): void {
  findCaller = find;
}

export function currentCaller(): Caller | undefined {
  return findCaller();
}

/** What the call holds changes by these amounts, one for each limit. */
export function changeHoldings(
  owner: string,
  limits: readonly HeldLimit[],
  amounts: readonly number[],
  sign: 1 | -1,
): void {
  let held = holdings.get(owner);
  if (!held) holdings.set(owner, (held = new Map()));
  for (let index = 0; index < limits.length; index += 1) {
    if (amounts[index] === 0) continue;
    const limit = limits[index]!;
    const now = (held.get(limit) ?? 0) + sign * amounts[index]!;
    if (now > 0) held.set(limit, now);
    else held.delete(limit);
  }
  if (held.size === 0) holdings.delete(owner);
}

/**
 * Whether the call holds anything; code outside any call never does.
 * @throws {LimitDeadlockError} when it holds so much of one of these limits that it would wait for itself
 */
export function checkHolder(
  caller: Pick<Caller, "id" | "isHolder"> | undefined,
  limits: readonly HeldLimit[],
  amounts: readonly number[],
): boolean {
  const held = caller && holdings.get(caller.id);
  if (!held) return caller?.isHolder === true;
  for (const [index, limit] of limits.entries()) {
    const already = limit.kind === "resource" ? (held.get(limit) ?? 0) : 0;
    if (already === 0 || already + amounts[index]! <= limit.largest) continue;
    throw new LimitDeadlockError(
      `Cannot acquire ${amounts[index]} of '${limit.key}' as this call holds ${already} of ${limit.largest} already and ` +
        "would wait for itself: release that grant first",
    );
  }
  return true;
}
