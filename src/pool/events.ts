import { callSafely } from "../config/call-safely.js";
import { checkFunction } from "../config/check-function.js";
import { oneOf } from "../config/one-of.js";
import type { CrashDetails } from "../errors.js";
import type { WorkerIdentity } from "../wire/protocol.js";

/** What a pool tells its listeners, by name. */
export interface PoolEvents {
  /** A worker is constructed and takes calls. */
  ready: { readonly worker: WorkerIdentity };
  /** A worker died unasked; it is replaced when it is needed. */
  crash: { readonly worker: WorkerIdentity; readonly details: CrashDetails };
  /** The pool is being stopped. */
  stop: Readonly<Record<never, never>>;
  /** A worker could not be started. */
  "start-failed": { readonly error: Error };
  /** Something that a method said through `call().log`; `callId` is missing for what the worker itself says. */
  log: { readonly worker: WorkerIdentity; readonly callId: string | undefined; readonly values: readonly unknown[] };
}

const EVENTS: readonly (keyof PoolEvents)[] = ["ready", "crash", "stop", "start-failed", "log"];

type Listener<E> = (event: E) => void;

/** The listeners of one pool. */
export class Emitter {
  readonly #listeners = new Map<keyof PoolEvents, Set<Listener<never>>>();

  /**
   * Returns the function that takes the listener off again.
   * @throws {TypeError} for an event that there is not, or a listener that is no function
   */
  on<N extends keyof PoolEvents>(name: N, listener: Listener<PoolEvents[N]>): () => void {
    oneOf("event", name, EVENTS, "listen to an event of the pool");
    checkFunction("listener", listener);
    let listeners = this.#listeners.get(name);
    if (!listeners) this.#listeners.set(name, (listeners = new Set()));
    listeners.add(listener as Listener<never>);
    return () => listeners.delete(listener as Listener<never>);
  }

  /** Whether anybody was told. */
  emit<N extends keyof PoolEvents>(name: N, event: PoolEvents[N]): boolean {
    const listeners = this.#listeners.get(name) as Set<Listener<PoolEvents[N]>> | undefined;
    if (!listeners || listeners.size === 0) return false;
    for (const listener of listeners) callSafely(listener, event);
    return true;
  }
}
