/** The strategies that choose a worker for a call. */
import { show } from "../config/show.js";
import type { LoadBalancer, LoadBalancingName, WorkerLoad } from "./options.js";

/** A worker as a strategy sees it. */
export interface Candidate extends WorkerLoad {
  /** Whether it takes another call now. */
  readonly isOpen: boolean;
  /** Whether a call would begin at once. */
  readonly isIdle: boolean;
}

/** Chooses among the open workers when a call can go; at least one is open. */
export type Pick<C extends Candidate> = (workers: readonly C[]) => C;

/**
 * - `round-robin`: each in turn. Workers that are full are passed over.
 * - `least-active`: the one with the fewest unfinished calls, the first of several.
 * - `least-total`: the one with the fewest calls so far.
 * - `random`: any with equal chance.
 * - `shared-queue`: an idle one; nothing is handed ahead, so no call waits behind another while a worker is idle.
 * - `key`: for calls without a key, as `round-robin`.
 */
export function createPick<C extends Candidate>(name: LoadBalancingName): Pick<C> {
  switch (name) {
    case "round-robin":
    case "key":
      return roundRobin();
    case "least-active":
    case "shared-queue":
      return (workers) => leastBy(workers, (worker) => worker.active);
    case "least-total":
      return (workers) => leastBy(workers, (worker) => worker.total);
    case "random":
      return randomly;
  }
}

/**
 * The worker for a key: the same as long as the number of workers stays, and for most keys also when it changes
 * (jump consistent hash, Lamping and Veach 2014, over FNV-1a).
 */
export function workerForKey(key: string, workers: number): number {
  let hash = fnv1a(key);
  let bucket = -1;
  let next = 0;
  while (next < workers) {
    bucket = next;
    hash = (hash * 2_862_933_555_777_941_757n + 1n) & 0xffff_ffff_ffff_ffffn;
    next = Math.floor((bucket + 1) * (0x8000_0000 / (Number(hash >> 33n) + 1)));
  }
  return bucket;
}

/** @throws {TypeError} when the function does not return the index of a worker */
export function askBalancer(
  balancer: LoadBalancer,
  call: Parameters<LoadBalancer>[0],
  workers: readonly WorkerLoad[],
): number {
  const index = balancer(call, workers);
  if (workers.some((worker) => worker.index === index)) return index;
  throw new TypeError(
    `Cannot choose a worker for '${call.method}' as the loadBalancing function must return the index of one of ` +
      `${workers.length} workers: current value is ${show(index)}`,
  );
}

function roundRobin<C extends Candidate>(): Pick<C> {
  let last = -1;
  return (workers) => {
    let next: C | undefined;
    for (const worker of workers) {
      if (!worker.isOpen) continue;
      // The first behind the last one, else the first of all.
      if (worker.index > last) {
        next = worker;
        break;
      }
      next ??= worker;
    }
    last = next!.index;
    return next!;
  };
}

function leastBy<C extends Candidate>(workers: readonly C[], load: (worker: C) => number): C {
  let best: C | undefined;
  let bestLoad = Number.POSITIVE_INFINITY;
  for (const worker of workers) {
    if (worker.isOpen && load(worker) < bestLoad) {
      best = worker;
      bestLoad = load(worker);
    }
  }
  return best!;
}

function randomly<C extends Candidate>(workers: readonly C[]): C {
  const open = workers.filter((worker) => worker.isOpen);
  return open[Math.floor(Math.random() * open.length)]!;
}

function fnv1a(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x100_0000_01b3n) & 0xffff_ffff_ffff_ffffn;
  return hash;
}
