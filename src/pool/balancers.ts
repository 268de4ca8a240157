/** The strategies that choose a worker for a call. */
import { show } from "../config/show.js";
import { Likely } from "./likely.js";
import { LoadHeap } from "./load-heap.js";
import type { LoadBalancer, LoadBalancingName, WorkerLoad } from "./options.js";

/** A worker as a strategy sees it. */
export interface Candidate extends WorkerLoad {
  /** Whether it takes another call now. */
  readonly isOpen: boolean;
  /** Whether a call would begin at once. */
  readonly isIdle: boolean;
}

/**
 * Chooses a worker among the open ones.
 *
 * B1. It is told when a worker takes calls again or has fewer (`changed`), and where it follows the load, when it has more.
 * B2. To choose costs no more with many workers than with few; `chooseAmong` alone looks at all it is given.
 */
export interface Balancer<C extends Candidate> {
  readonly followsLoad: boolean;
  /** The worker is new, takes more or fewer calls than before, or has another load. */
  changed(worker: C): void;
  removed(worker: C): void;
  /** Chooses an open one; `undefined` when none is. */
  choose(): C | undefined;
  /** Chooses one of these, at least one, whether they are open or not. */
  chooseAmong(workers: readonly C[]): C;
}

/**
 * - `round-robin`: each in turn. Workers that are full are passed over.
 * - `least-active`: the one with the fewest unfinished calls, the first of several.
 * - `least-total`: the one with the fewest calls so far.
 * - `random`: any with equal chance.
 * - `shared-queue`: an idle one; nothing is handed ahead, so no call waits behind another while a worker is idle.
 * - `key`: for calls without a key, as `round-robin`.
 */
export function createBalancer<C extends Candidate>(name: LoadBalancingName): Balancer<C> {
  switch (name) {
    case "round-robin":
    case "key":
      return new RoundRobin();
    case "least-active":
    case "shared-queue":
      return new Least((worker) => worker.active);
    case "least-total":
      return new Least((worker) => worker.total);
    case "random":
      return new Randomly();
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

class RoundRobin<C extends Candidate> implements Balancer<C> {
  readonly followsLoad = false;
  readonly #open = new Likely<C>((worker) => worker.isOpen);
  #last = -1;

  changed(worker: C): void {
    this.#open.note(worker);
  }

  removed(worker: C): void {
    this.#open.forget(worker);
  }

  choose(): C | undefined {
    const next = this.#open.find(this.#last + 1);
    if (next) this.#last = next.index;
    return next;
  }

  chooseAmong(workers: readonly C[]): C {
    const next = workers.find(({ index }) => index > this.#last) ?? workers[0]!;
    this.#last = next.index;
    return next;
  }
}

class Least<C extends Candidate> implements Balancer<C> {
  readonly followsLoad = true;
  readonly #loadOf: (worker: C) => number;
  /** Those that are open, and some that no longer are. */
  readonly #open: LoadHeap<C>;

  constructor(loadOf: (worker: C) => number) {
    this.#loadOf = loadOf;
    this.#open = new LoadHeap(loadOf);
  }

  changed(worker: C): void {
    this.#open.place(worker);
  }

  removed(worker: C): void {
    this.#open.delete(worker);
  }

  choose(): C | undefined {
    for (let { top } = this.#open; top; { top } = this.#open) {
      if (top.isOpen) return top;
      this.#open.delete(top);
    }
    return undefined;
  }

  chooseAmong(workers: readonly C[]): C {
    return workers.reduce((best, worker) => (this.#loadOf(worker) < this.#loadOf(best) ? worker : best));
  }
}

class Randomly<C extends Candidate> implements Balancer<C> {
  readonly followsLoad = false;
  /** Those that are open, and some that no longer are, in no order. */
  readonly #open: C[] = [];
  /** By the index of a worker, where it is among them. */
  readonly #places: (number | undefined)[] = [];

  changed(worker: C): void {
    const at = this.#places[worker.index];
    if (at !== undefined && this.#open[at] === worker) return;
    this.#places[worker.index] = this.#open.push(worker) - 1;
  }

  removed(worker: C): void {
    const at = this.#places[worker.index];
    if (at === undefined || this.#open[at] !== worker) return;
    this.#places[worker.index] = undefined;
    const last = this.#open.pop()!;
    if (last === worker) return;
    this.#open[at] = last;
    this.#places[last.index] = at;
  }

  /** One that is full is drawn again: so the chance of all others stays equal. */
  choose(): C | undefined {
    while (this.#open.length > 0) {
      const worker = this.chooseAmong(this.#open);
      if (worker.isOpen) return worker;
      this.removed(worker);
    }
    return undefined;
  }

  chooseAmong(workers: readonly C[]): C {
    return workers[Math.floor(Math.random() * workers.length)]!;
  }
}

function fnv1a(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x100_0000_01b3n) & 0xffff_ffff_ffff_ffffn;
  return hash;
}
