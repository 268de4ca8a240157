/** How much processor time processes have used, as Linux tells it: other programs make it little worse, unlike a rate. */
import { readdirSync, readFileSync } from "node:fs";

/** `USER_HZ` of Linux: 100 on all machines. */
const TICK_MS = 10;

interface Usage {
  readonly parent: number;
  readonly ms: number;
}

/** Of these processes and all that are or were below them, in ms; `undefined` where there is no `/proc`. */
export function cpuTime(pids: readonly number[]): number | undefined {
  const all = new Map<number, Usage>();
  try {
    for (const name of readdirSync("/proc")) {
      const usage = /^\d+$/.test(name) ? read(name) : undefined;
      if (usage) all.set(Number(name), usage);
    }
  } catch {
    return undefined;
  }
  const belongs = (pid: number): boolean => {
    for (let one: number | undefined = pid; one !== undefined; one = all.get(one)?.parent) {
      if (pids.includes(one)) return true;
    }
    return false;
  };
  let sum = 0;
  for (const [pid, { ms }] of all) if (belongs(pid)) sum += ms;
  return sum;
}

function read(pid: string): Usage | undefined {
  try {
    // The name, in parentheses, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")
      .map(Number);
    // Of itself and of its children that have ended.
    return { parent: fields[1]!, ms: (fields[11]! + fields[12]! + fields[13]! + fields[14]!) * TICK_MS };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
