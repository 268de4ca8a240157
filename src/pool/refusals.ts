/** What callers are told of calls that a pool turns away, or cannot wait for. */
import { PoolFullError, PoolStoppedError, TimeoutError } from "../errors.js";
import type { Call } from "./call.js";

export function poolStopped({ name, kind }: Call): PoolStoppedError {
  return new PoolStoppedError(`Cannot call '${name}' as the pool of '${kind.owner.name}' is stopped`);
}

export function poolFull({ name, kind }: Call, capacity: number, overflow: string): PoolFullError {
  const message = `Cannot call '${name}' as ${capacity} calls wait in the pool of '${kind.owner.name}' already`;
  return new PoolFullError(`${message}: overflow is '${overflow}'`);
}

/** @param state - what the call was still doing */
export function tookTooLong({ name, kind }: Call, state: string): TimeoutError {
  const timeout = kind.timeout!;
  return new TimeoutError(`Cannot finish '${name}' within ${timeout} ms as it was still ${state}`, timeout);
}

export function stoppedEarly(pool: string): PoolStoppedError {
  return new PoolStoppedError(`The pool of '${pool}' was stopped before the call could run`);
}

/** @param timeout - how long it had, in ms */
export function stoppedLate(pool: string, timeout: number): PoolStoppedError {
  return new PoolStoppedError(`The pool of '${pool}' was stopped and the call did not end in ${timeout} ms`);
}

export function startedLate(pool: string): PoolStoppedError {
  return new PoolStoppedError(`Cannot start the pool of '${pool}' as it is stopped`);
}
