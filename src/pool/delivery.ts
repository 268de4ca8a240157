/** Which calls of a worker that died are made again, and which fail. */
import type { Call } from "./call.js";
import { isRepeatable } from "./attempts.js";

/** What becomes of calls that may have begun when their worker dies. */
export type Delivery = "at-most-once" | "at-least-once";

/** How often a call is given to another worker: one that kills each of its workers would do so for ever. */
const REDELIVERIES = 3;

/**
 * Divides the calls that a dead worker had into those that fail with it and those that go to another.
 *
 * @param handed - in the order in which the worker begins them
 * @param begun - how many of them may have begun
 */
export function divide(
  handed: readonly Call[],
  begun: number,
  delivery: Delivery,
): { readonly broken: Call[]; readonly lost: Call[] } {
  const broken: Call[] = [];
  const lost: Call[] = [];
  for (const [index, call] of handed.entries()) {
    if (index < begun && !(delivery === "at-least-once" && mayGoAgain(call))) broken.push(call);
    else if (call.place !== "over") lost.push(call);
  }
  return { broken, lost };
}

function mayGoAgain(call: Call): boolean {
  const { extras } = call;
  if (!isRepeatable(call) || extras.redeliveries >= REDELIVERIES) return false;
  extras.redeliveries = extras.redeliveries + 1;
  return true;
}
