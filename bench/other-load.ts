import { availableParallelism, cpus } from "node:os";
import { cpuTime } from "./cpu-time.js";

/** How much of a stretch of time the machine's cores spent on other programs. */
export interface OtherLoad {
  /** Time of all cores together, in ms. */
  readonly capacity: number;
  /** The part that was neither idle nor ours, in ms; processes that we start count as ours until they end. */
  readonly others: number;
}

/** Begins to watch; the returned function tells of the time since. Exact to some 10 ms for each process. */
export function watchOtherLoad(): () => OtherLoad {
  const ownBefore = ownTime();
  const startedAt = performance.now();
  const idleBefore = idleTime();
  return () => {
    const capacity = (performance.now() - startedAt) * availableParallelism();
    const idle = idleTime() - idleBefore;
    return { capacity, others: Math.max(0, capacity - idle - (ownTime() - ownBefore)) };
  };
}

/** Processor time of this process and, where the system tells, of those below it, in ms. */
function ownTime(): number {
  const { user, system } = process.cpuUsage();
  return cpuTime([process.pid]) ?? (user + system) / 1000;
}

function idleTime(): number {
  return cpus().reduce((sum, { times }) => sum + times.idle, 0);
}
