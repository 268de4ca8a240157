import { onAbort } from "../../config/on-abort.js";
import { sharedController } from "../../config/shared-controller.js";

/** A signal that fires with either of two, until it is forgotten. */
export interface JoinedSignal {
  readonly signal: AbortSignal;
  forget(): void;
}

/** Not `AbortSignal.any`: what it makes is kept for as long as a signal that outlives it, one for each question. */
export function joinSignals(one: AbortSignal | undefined, other: AbortSignal): JoinedSignal {
  if (one === undefined) return { signal: other, forget: () => {} };
  const controller = sharedController();
  const both = [one, other];
  const fired = both.find(({ aborted }) => aborted);
  if (fired) controller.abort(fired.reason);
  const forgets = both.map((signal) => onAbort(signal, (reason) => controller.abort(reason)));
  return { signal: controller.signal, forget: () => forgets.forEach((forget) => forget()) };
}
