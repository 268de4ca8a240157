/** Makes one resource, in as many attempts as the options allow. */
import type { Clock } from "../config/monotonic.js";
import { onAbort } from "../config/on-abort.js";
import { sharedController } from "../config/shared-controller.js";
import { TimeoutError } from "../errors.js";
import type { ResolvedResourcePool } from "./resource-pool-options.js";
import { settleWithin } from "./settle-within.js";

/** What making one takes beside its options. */
export interface CreationSurroundings<T> {
  /** Fires when the pool is stopped: there are no further attempts. */
  readonly stopped: AbortSignal;
  /** Told of each resource that came too late. */
  late(value: T): void;
}

/** Rejects with the error of the last attempt. */
export async function createResource<T>(
  options: ResolvedResourcePool<T>,
  surroundings: CreationSurroundings<T>,
): Promise<T> {
  const { clock, retry } = options;
  const { stopped } = surroundings;
  const start = clock.now();
  retry?.onCall(start);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await createOnce(options, surroundings);
    } catch (error) {
      const now = clock.now();
      const context = { error, attempt, elapsed: now - start, method: "create", args: [], retryAfter: undefined };
      const decision = retry?.onFailure({ ...context, now, random: Math.random }) ?? { retry: false, error };
      if (!decision.retry) throw decision.error;
      await pause(decision.delay, clock, stopped);
      if (stopped.aborted) throw error;
    }
  }
}

async function createOnce<T>(
  { create, createTimeout, clock, subject }: ResolvedResourcePool<T>,
  { stopped, late }: CreationSurroundings<T>,
): Promise<T> {
  const controller = sharedController();
  const forget = onAbort(stopped, (reason) => controller.abort(reason));
  let isLate = false;
  const attempt = async (): Promise<T> => {
    const value = await create({ signal: controller.signal });
    if (isLate) late(value);
    return value;
  };
  try {
    return await settleWithin(createTimeout, clock, attempt, () => {
      isLate = true;
      const error = new TimeoutError(`Cannot create ${subject} within ${createTimeout} ms`, createTimeout);
      controller.abort(error);
      return error;
    });
  } finally {
    forget();
  }
}

/** Ends early when the signal fires. */
function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const forgets = [clock.after(ms, () => end()), onAbort(signal, () => end())];
    const end = (): void => {
      for (const forget of forgets) forget();
      resolve();
    };
  });
}
