import { show } from "../config/show.js";
import { atLeast } from "../config/at-least.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import { oneOf } from "../config/one-of.js";

/** Options of `taskGroup` and `TaskGroup`. */
export interface TaskGroupOptions {
  /**
   * How long the group may take, in ms; then it is cancelled with a `TimeoutError`.
   * @default unlimited
   */
  timeout?: number | undefined;
  /**
   * When it is cancelled at the latest, in ms since the epoch, as `call().deadline` is; the earliest of this, `timeout` and
   * the deadline around the group counts.
   * @default that of the group or call in which it is opened
   */
  deadline?: number | undefined;
  /**
   * Children that run at once; more wait, first come, first served.
   * @default unlimited
   */
  concurrency?: number | undefined;
  /** Cancels the group when it fires; the group rejects with its reason. */
  signal?: AbortSignal | undefined;
  /**
   * How long children may take to end after the group was cancelled, in ms; then it reports them and waits no longer.
   * @default that of the group in which it is opened, or else 5,000
   */
  grace?: number | undefined;
  /**
   * What the failure of a child does: `"cancel"` cancels its siblings and fails the group; `"continue"` leaves them alone and
   * is kept in `failures`, as for `supervise`.
   * @default "cancel"
   */
  onFailure?: "cancel" | "continue" | undefined;
  /**
   * What messages call the group.
   * @default "group-1", "group-2", …
   */
  name?: string | undefined;
}

/** Options of a single child. */
export interface SpawnOptions {
  /**
   * What messages call the child.
   * @default the name of its function, or else its number
   */
  name?: string | undefined;
}

const OPTIONS: Readonly<Record<keyof TaskGroupOptions, true>> = {
  timeout: true,
  deadline: true,
  concurrency: true,
  signal: true,
  grace: true,
  onFailure: true,
  name: true,
};

/** @throws {TypeError | RangeError} naming the option, its value, and what it must be */
export function checkGroupOptions(options: TaskGroupOptions): TaskGroupOptions {
  checkFields("group", options, Object.keys(OPTIONS));
  const { timeout, deadline, concurrency, signal, grace, onFailure, name } = options;
  if (timeout !== undefined) duration("timeout", timeout);
  if (grace !== undefined) duration("grace", grace);
  if (concurrency !== undefined) atLeast("concurrency", concurrency, 1);
  if (onFailure !== undefined) oneOf("onFailure", onFailure, ["cancel", "continue"]);
  if (deadline !== undefined && !Number.isFinite(deadline)) {
    throw new RangeError(
      `Cannot set 'deadline' as it must be a finite number of ms since the epoch: current value is ${show(deadline)}`,
    );
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot set 'signal' as it must be an AbortSignal: current value is ${show(signal)}`);
  }
  if (name !== undefined) checkName(name);
  return options;
}

/** @throws {TypeError} naming the option, its value, and what it must be */
export function checkSpawnOptions(options: SpawnOptions): SpawnOptions {
  checkFields("spawn", options, ["name"]);
  if (options.name !== undefined) checkName(options.name);
  return options;
}

function checkName(name: unknown): void {
  if (typeof name === "string" && name !== "") return;
  throw new TypeError(`Cannot set 'name' as it must be a string that is not empty: current value is ${show(name)}`);
}
