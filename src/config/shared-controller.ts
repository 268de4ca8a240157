import { setMaxListeners } from "node:events";

/**
 * A controller whose signal is given to a user's functions. Hundreds of them may listen to it at the same time, each of
 * its requests and timers, so that their number is no sign of a leak, which Node warns of from the eleventh on.
 */
export function sharedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
