import { checkGroupOptions, type TaskGroupOptions } from "./group-options.js";
import { type TaskGroup, taskGroup } from "./task-group.js";

/** Options of `supervise`: those of `taskGroup`, but for what a failure does. */
export type SuperviseOptions = Omit<TaskGroupOptions, "onFailure">;

/**
 * Runs a function that spawns children which fail alone, and resolves with what it returns when they have all ended.
 *
 * It is `taskGroup` with `onFailure: "continue"`: the failure of a child is in its handle and in `group.failures`, and
 * touches nothing else. A failure of the function itself still cancels all. Kotlin's `supervisorScope`.
 *
 * @throws {AggregateError} of the function's error, and of children that were left behind
 * @throws {TimeoutError} when it took longer than `timeout` or its deadline allows
 * @throws the reason, when `signal`, or the group or call around it, was cancelled
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * const failed = await supervise(async (group) => {
 *   for (const path of paths) group.spawn(() => pool.index(path), { name: path });
 *   await group.drain();
 *   return group.failures.map(({ name }) => name);
 * });
 */
export async function supervise<T>(
  body: (group: TaskGroup) => T | PromiseLike<T>,
  options: SuperviseOptions = {},
): Promise<T> {
  checkGroupOptions(options);
  if (Object.hasOwn(options, "onFailure")) {
    throw new TypeError("Cannot set 'onFailure' for supervise as its children always fail alone: use taskGroup");
  }
  return taskGroup(body, { ...options, onFailure: "continue" });
}
