/**
 * The calls of a pool that cannot be given to a worker yet: futures or a schema are awaited, limits, the end of a backoff.
 *
 * Owns, for each, the way to stop what it waits for.
 */
import type { Call } from "./call.js";

export class Aside {
  readonly #calls = new Map<Call, (() => void) | undefined>();

  /** @param leave - stops what the call waits for, when it is cancelled meanwhile */
  add(call: Call, leave?: () => void): void {
    call.place = "aside";
    this.#calls.set(call, leave);
  }

  /** The call can go on; `false` when it was cancelled meanwhile. */
  delete(call: Call): boolean {
    return this.#calls.delete(call);
  }

  /** The call is over: what it waited for is stopped. */
  drop(call: Call): void {
    const leave = this.#calls.get(call);
    this.#calls.delete(call);
    leave?.();
  }

  all(): Call[] {
    return [...this.#calls.keys()];
  }
}
