import type { ServerBudget } from "./headers/server-budget.js";
import type { LimitCore } from "./limit.js";

/** Takes what a server says that remains as a cap of the rates that it counts. */
export function capRates(cores: readonly LimitCore[], budgets: readonly ServerBudget[], now: number): void {
  for (const { key = "requests", unit, remaining, resetAfter } of budgets) {
    if (remaining === undefined) continue;
    // A policy may have any name: where no limit has that, its unit tells what it counts.
    const counted = cores.some((core) => core.key === key) ? key : (unit ?? key);
    const name = counted === "requests" ? "calls" : counted;
    for (const core of cores) {
      if (core.kind !== "rate" || core.key !== name) continue;
      core.memory.lock();
      core.cap(now, remaining, resetAfter);
      core.memory.unlock();
    }
  }
}
