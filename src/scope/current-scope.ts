/**
 * Which scope the running code is in, so that what it starts belongs to it: through awaits, timers and callbacks.
 *
 * Owns the storage alone, made by the first scope that is entered: on Node 20, one in use slows every promise of the
 * thread, and asking for a scope where there never was one must cost nothing.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { processWide } from "../config/process-wide.js";

/** Something started in a scope that is not over: a call of a pool, or a group. */
export interface ScopeMember {
  /** For messages, as in `Hasher.hash`. */
  readonly label: string;
  cancel(reason: unknown): void;
  /** Nothing runs in the scope that could go on with it: one that waits for that to happen ends. */
  orphaned(): void;
}

/** A stretch of code, with what it starts. */
export interface Scope {
  /** Fires when the scope is cancelled. Made when first asked for: see `cancellation`. */
  readonly signal: AbortSignal;
  /** Why the scope is cancelled, if it is; without making a signal. */
  readonly cancellation: { readonly reason: unknown } | undefined;
  /** When it is cancelled at the latest, in ms since the epoch. */
  readonly deadline: number | undefined;
  /** How long what is cancelled in it may take to let go, in ms. */
  readonly grace: number;
  /** Nothing can belong to it any more: what its code starts belongs to the scope around it. */
  readonly isOver: boolean;
  /** The scope in which it was opened. */
  readonly outer: Scope | undefined;
  /** Cancels the member with the scope, which is not over before it is taken out again. */
  add(member: ScopeMember): void;
  delete(member: ScopeMember): void;
  /** A member that nobody waits for failed. */
  failed(label: string, error: unknown): void;
}

interface ScopeState {
  storage: AsyncLocalStorage<Scope | undefined> | undefined;
}

const state = processWide<ScopeState>("scope", () => ({ storage: undefined }));

/** Whether there ever was one in this thread. */
export function hasScopes(): boolean {
  return state.storage !== undefined;
}

/** The innermost scope that the running code is in and that is not over. */
export function currentScope(): Scope | undefined {
  if (state.storage === undefined) return undefined;
  let scope = state.storage.getStore();
  while (scope?.isOver) scope = scope.outer;
  return scope;
}

/** Runs a function in a scope. */
export function runInScope<T>(scope: Scope, fn: () => T): T {
  state.storage ??= new AsyncLocalStorage();
  return state.storage.run(scope, fn);
}

/** Runs a function in no scope, for what outlives the code that happens to start it, or serves somebody else. */
export function runOutsideScopes<T>(fn: () => T): T {
  return state.storage === undefined ? fn() : state.storage.run(undefined, fn);
}
