/**
 * Reports, once, the errors of futures that nobody ever looked at.
 *
 * A future may fail long before the code that collects it runs, so its failure must not crash the process as an
 * unhandled rejection would. An error is reported when its future was garbage collected unobserved, or when the
 * process ends. Owns the errors kept for that; a future observed in time is forgotten at once.
 */
import { writeSync } from "node:fs";

interface Unobserved {
  readonly label: string;
  readonly error: unknown;
}

const pending = new Map<object, Unobserved>();
let isWatchingExit = false;

const collected = new FinalizationRegistry<object>((token) => {
  const unobserved = pending.get(token);
  if (!unobserved) return;
  pending.delete(token);
  process.emitWarning(message(unobserved), { type: "UnobservedErrorWarning", code: "MH_UNOBSERVED" });
});

/** Remembers that `future` failed while nobody was looking; returns the token to forget it by. */
export function trackUnobserved(future: object, label: string, error: unknown): object {
  const token = {};
  pending.set(token, { label, error });
  collected.register(future, token, token);
  if (!isWatchingExit) {
    isWatchingExit = true;
    process.once("exit", reportAll);
  }
  return token;
}

/** Somebody looked after all. */
export function forgetUnobserved(token: object): void {
  pending.delete(token);
  collected.unregister(token);
}

function reportAll(): void {
  let shown = 0;
  for (const unobserved of pending.values()) {
    // A warning would be printed in a later turn, and there is none.
    writeSync(2, `(manyhands) Warning: ${message(unobserved)}\n`);
    if (++shown === 10) break;
  }
  if (pending.size > shown) writeSync(2, `(manyhands) Warning: ${pending.size - shown} more errors nobody looked at\n`);
  pending.clear();
}

function message({ label, error }: Unobserved): string {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Nobody looked at the error of ${label}: ${detail}`;
}
