/**
 * What each call holds of which limits, so that one that asks for more while it holds some is not kept waiting behind
 * others that wait for what it holds, and is told when it would wait for itself.
 *
 * Only calls are known by name here: code outside any call has no holdings, and a deadlock with itself ends by its timeout.
 */
import { processWide } from "../config/process-wide.js";
import { LimitDeadlockError } from "../errors.js";
import type { LimitCore } from "./limit.js";

/** What stands for a limit here: one object for each, in each thread. */
export type HeldLimit = Pick<LimitCore, "kind" | "key" | "largest">;

/** What was taken of some limits: a grant, whose amounts may change. */
export interface Holding {
  readonly keeper: { readonly held: readonly HeldLimit[] };
  /** One for each limit. */
  readonly taken: readonly number[];
}

const holdings = new Map<string, readonly Holding[]>();

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

const callers = processWide<{ find: () => Caller | undefined; isAsked: boolean }>("callers", () => ({
  find: () => undefined,
  isAsked: false,
}));

/** Says how the call that the running code serves is found. */
export function provideCaller(find: () => Caller | undefined): void {
  callers.find = find;
}

export function currentCaller(): Caller | undefined {
  callers.isAsked = true;
  return callers.find();
}

/** Whether anything here has ever asked for the call that the running code serves: then it matters which one it is. */
export function isCallerAsked(): boolean {
  return callers.isAsked;
}

/** The call holds this from now on. */
export function addHolding(owner: string, holding: Holding): void {
  const held = holdings.get(owner);
  holdings.set(owner, held ? [...held, holding] : [holding]);
}

export function deleteHolding(owner: string, holding: Holding): void {
  const left = holdings.get(owner)?.filter((one) => one !== holding);
  if (left && left.length > 0) holdings.set(owner, left);
  else holdings.delete(owner);
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
  if (!held?.some(({ taken }) => taken.some((amount) => amount > 0))) return caller?.isHolder === true;
  for (const [index, limit] of limits.entries()) {
    const already = limit.kind === "resource" ? amountOf(limit, held) : 0;
    if (already === 0 || already + amounts[index]! <= limit.largest) continue;
    throw new LimitDeadlockError(
      `Cannot acquire ${amounts[index]} of '${limit.key}' as this call holds ${already} of ${limit.largest} already and ` +
        "would wait for itself: release that grant first",
    );
  }
  return true;
}

function amountOf(limit: HeldLimit, held: readonly Holding[]): number {
  return held.reduce((sum, { keeper, taken }) => sum + (taken[keeper.held.indexOf(limit)] ?? 0), 0);
}
