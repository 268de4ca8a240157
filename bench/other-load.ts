import { availableParallelism, cpus } from "node:os";

/** How much of a stretch of time the machine's cores spent on other programs. */
export interface OtherLoad {
  /** Time of all cores together, in ms. */
  readonly capacity: number;
  /** The part that was neither idle nor ours, in ms; the processes we start count as others. */
  readonly others: number;
}

/** Begins to watch; the returned function tells of the time since. Exact to some 10 ms. */
export function watchOtherLoad(): () => OtherLoad {
  const startedAt = performance.now();
  const idleBefore = idleTime();
  const own = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(own);
    const capacity = (performance.now() - startedAt) * availableParallelism();
    const others = capacity - (idleTime() - idleBefore) - (user + system) / 1000;
    return { capacity, others: Math.max(0, others) };
  };
}

function idleTime(): number {
  return cpus().reduce((sum, { times }) => sum + times.idle, 0);
}
