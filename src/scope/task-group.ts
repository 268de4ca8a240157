import { staysHome } from "../config/homebound.js";
import { bindWhenRead } from "../config/bind-when-read.js";
import { show } from "../config/show.js";
import type { Future } from "../future/future.js";
import type { ChildFunction } from "./child.js";
import { runInScope } from "./current-scope.js";
import type { ChildFailure } from "./failures.js";
import { GroupCore } from "./group-core.js";
import { checkGroupOptions, checkSpawnOptions, type SpawnOptions, type TaskGroupOptions } from "./group-options.js";

let coreOf: (group: TaskGroup) => GroupCore;

/**
 * Children that run at once and of which none outlives the group: whoever leaves the group has waited for all of them.
 *
 * The first child that fails cancels the others; when they and their cleanup have ended, all errors come out as one
 * `AggregateError`. Calls of pools made by a child, or by a function given to `run`, belong to the group too: they are
 * cancelled with it and waited for.
 *
 * Leaving an `await using` block waits for the children, also when it is left by an exception, as there is no way to tell.
 * `taskGroup` cancels them in that case, and what its body does belongs to the group.
 *
 * A group opened inside another, or inside a method of a worker, is cancelled with it, and has no later deadline. Structured
 * concurrency as in Trio (N. J. Smith, "Go statement considered harmful", 2018).
 *
 * @example
 * await using group = new TaskGroup({ concurrency: 4 });
 * for (const path of paths) group.spawn((signal) => upload(path, signal));
 */
export class TaskGroup implements AsyncDisposable {
  readonly #core: GroupCore;

  /** @throws {TypeError | RangeError} for options that are not valid */
  constructor(options: TaskGroupOptions = {}) {
    this.#core = new GroupCore(checkGroupOptions(options));
  }

  /** What messages call it. */
  get name(): string {
    return this.#core.name;
  }

  /** Fires when the group is cancelled, with the reason. */
  get signal(): AbortSignal {
    return this.#core.root.signal;
  }

  /** When it is cancelled at the latest, in ms since the epoch; `undefined` without a deadline here or around it. */
  get deadline(): number | undefined {
    return this.#core.deadline;
  }

  /**
   * `"open"`; `"closing"` while somebody waits for the children, who may still spawn others; `"closed"` when all have ended.
   */
  get status(): "open" | "closing" | "closed" {
    return this.#core.state;
  }

  /** Children that run. */
  get running(): number {
    return this.#core.children.running;
  }

  /** Children that wait for one of `concurrency` places. */
  get queued(): number {
    return this.#core.children.waiting;
  }

  /**
   * What failed so far, in the order in which it did: with `onFailure: "continue"`, the last 1,000 children at least. An
   * error that is looked at neither here nor at its handle is reported once, as those of futures are.
   */
  get failures(): readonly ChildFailure[] {
    return this.#core.failures.list();
  }

  /**
   * Runs a function as a child, at once or when there is a place for it, and returns the handle to it.
   *
   * `signal` fires when the group is cancelled, or the child by `cancel()` of its handle; pass it on to what the child does.
   * The handle settles when the function has, also when it was cancelled: then it rejects with the reason. A child that
   * waits, with `concurrency`, for a handle of one that has not begun keeps that one's place taken.
   *
   * @throws the reason of the group's `signal`, when the group is cancelled
   * @throws {TypeError} when the group is closed, or `fn` is no function
   */
  spawn<T>(fn: (signal: AbortSignal) => T, options?: SpawnOptions): Future<Awaited<T>> {
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot spawn a child as it must be a function: current value is ${show(fn)}`);
    }
    const name = options && checkSpawnOptions(options).name;
    this.#core.assertOpen(`spawn '${name ?? (fn.name || "a child")}'`);
    return this.#core.spawn(fn as ChildFunction<unknown>, name).future as Future<Awaited<T>>;
  }

  /**
   * Runs a function and returns what it returns; calls of pools and groups that are made in it, and in what it awaits,
   * belong to this group. It is no child: its error is the caller's, and the group does not wait for it.
   *
   * @throws the reason of the group's `signal`, when the group is cancelled
   * @throws {TypeError} when the group is closed
   */
  run<T>(fn: () => T): T {
    this.#core.assertOpen("run a function");
    return runInScope(this.#core.root, fn);
  }

  /**
   * Ends the group, and that is no error: children that wait do not begin, the signals of the others fire with `reason`, or
   * a `CancelledError`. Does not wait for them.
   *
   * @returns whether there was something to cancel
   */
  cancel(reason?: unknown): boolean {
    return this.#core.cancelAsWanted(reason);
  }

  /**
   * Resolves when no child runs or waits, whatever became of them; others may be spawned afterwards.
   *
   * @throws {TypeError} inside of a child, which would wait for itself
   */
  async drain(): Promise<void> {
    await this.#core.drain();
  }

  /**
   * Waits until all children, and the calls of pools that belong to the group, have ended, and closes it. To leave an
   * `await using` block does the same, unless it was done.
   *
   * @throws {AggregateError} of what failed; where the group was cancelled as well, its `cause` says why
   * @throws the reason, when the group was cancelled by its `signal`, its deadline, or from around it
   * @throws {TypeError} inside of the group, which would wait for itself
   */
  async join(): Promise<void> {
    await this.#core.join();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isHeard = this.#core.isJoined;
    try {
      await this.#core.join();
    } catch (error) {
      if (!isHeard) throw error;
    }
  }

  static {
    staysHome(this);
    coreOf = (group) => group.#core;
    bindWhenRead(this, "spawn", "run", "cancel", "drain", "join");
  }
}

/**
 * Runs a function that spawns children, and resolves with what it returns when they have all ended.
 *
 * What it and its children start belongs to the group: children, calls of pools of any mode, and groups opened inside. The
 * first failure, of the function too, cancels all of it; the group waits until that has ended, for `grace` ms at most,
 * and rejects. A function that was itself ended by `group.cancel()` has no value to resolve with: the group rejects with
 * the reason.
 *
 * @throws {AggregateError} of all errors, also of a single one; where the group was cancelled from outside as well, its
 *   `cause` says why
 * @throws {TimeoutError} when it took longer than `timeout` or its deadline allows
 * @throws the reason, when `signal`, or the group or call around it, was cancelled
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * const [user, orders] = await taskGroup(async (group) => {
 *   const user = group.spawn((signal) => fetchUser(id, signal));
 *   const orders = group.spawn((signal) => fetchOrders(id, signal));
 *   return [await user, await orders] as const;
 * }, { timeout: 2000 });
 */
export async function taskGroup<T>(
  body: (group: TaskGroup) => T | PromiseLike<T>,
  options: TaskGroupOptions = {},
): Promise<T> {
  if (typeof body !== "function") {
    throw new TypeError(`Cannot run a group as its body must be a function: current value is ${show(body)}`);
  }
  const group = new TaskGroup(options);
  return coreOf(group).runBody(() => body(group));
}
