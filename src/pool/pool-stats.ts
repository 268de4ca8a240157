import type { Mode } from "../config/mode.js";
import type { SpinStats } from "../modes/executor.js";
import type { LimitSetStats } from "../limits/limit-set.js";
import { Histogram, type Percentiles } from "./histogram.js";
import type { ResolvedOptions } from "./options.js";
import type { Slot } from "./slot.js";
import type { SlotState } from "./slot-owner.js";

/** What a pool is doing and has done. Durations in ms, memory in bytes. */
export interface PoolStats {
  /** The id of the pool; ids of calls begin with it. */
  readonly id: string;
  readonly mode: Mode;
  readonly isStopped: boolean;
  readonly workers: {
    readonly total: number;
    readonly busy: number;
    readonly idle: number;
    /** Places whose worker is not running: not started yet, starting, or waiting to start again. */
    readonly down: number;
    /** Workers that died unasked and were replaced. */
    readonly restarts: number;
    readonly each: readonly WorkerStats[];
  };
  readonly calls: {
    /** Made and not given to a worker, or to begin there after others; those that wait for limits or a retry included. */
    readonly queued: number;
    readonly running: number;
    readonly done: number;
    readonly failed: number;
    /** Attempts that were followed by another. */
    readonly retried: number;
    readonly cancelled: number;
  };
  /** The limits of the pool, by set; empty where it has none, or where those around this pool are known. */
  readonly limits: readonly LimitSetStats[];
  /** From the call to its start. */
  readonly wait: Percentiles;
  /** In the worker. */
  readonly run: Percentiles;
  readonly loadBalancer: {
    readonly algorithm: string;
    readonly dispatched: number;
    /** By worker: calls given to it and not ended. */
    readonly active: readonly number[];
    /** By worker: calls given to it so far. */
    readonly total: readonly number[];
  };
}

export interface WorkerStats {
  readonly index: number;
  /** Of the worker now in this place; `undefined` before the first. */
  readonly id: string | undefined;
  readonly state: SlotState;
  readonly active: number;
  readonly total: number;
  readonly restarts: number;
  /** As last reported, at most about a second old while it works: the heap of a thread, the resident set of a process. */
  readonly memory: number | undefined;
  /** Why there is no room for it yet on any node; `undefined` in modes without nodes, and once it has its place. */
  readonly waitingFor: string | undefined;
  /** How staying awake for the next call went; `undefined` in this event loop, and before the first start. */
  readonly spin: SpinStats | undefined;
}

function reportWorker({
  index,
  identity,
  state,
  active,
  total,
  restarts,
  memory,
  waitingFor,
  host,
}: Slot): WorkerStats {
  return { index, id: identity?.id, state, active, total, restarts, memory, waitingFor, spin: host?.spin };
}

/** Counts what happens to the calls of one pool. */
export class Tally {
  /** Calls so far. */
  made = 0;
  queued = 0;
  dispatched = 0;
  done = 0;
  failed = 0;
  retried = 0;
  cancelled = 0;
  /** Restarts of workers whose place is gone. */
  restarts = 0;
  readonly #wait = new Histogram();
  readonly #run = new Histogram();
  get areAllOver(): boolean {
    return this.made === this.done + this.failed + this.cancelled;
  }

  /** A call ran and waited for so long, in ms. */
  took(ran: number, waited: number): void {
    this.#run.record(ran);
    this.#wait.record(waited);
  }

  ended(status: "done" | "failed" | "cancelled"): void {
    if (status === "done") this.done += 1;
    else if (status === "failed") this.failed += 1;
    else this.cancelled += 1;
  }

  report(
    id: string,
    isStopped: boolean,
    options: ResolvedOptions,
    slots: readonly Slot[],
    limits: readonly LimitSetStats[],
  ): PoolStats {
    const each = slots.map(reportWorker);
    const up = each.filter(({ state }) => state === "ready" || state === "retiring" || state === "stopping");
    const busy = up.filter(({ active }) => active > 0).length;
    const running = up.reduce((sum, { active }) => sum + Math.min(active, options.concurrency), 0);
    const given = each.reduce((sum, { active }) => sum + active, 0);
    const { loadBalancing } = options;
    return {
      id,
      mode: options.mode,
      isStopped,
      workers: {
        total: each.length,
        busy,
        idle: up.length - busy,
        down: each.length - up.length,
        restarts: each.reduce((sum, { restarts }) => sum + restarts, this.restarts),
        each,
      },
      calls: {
        queued: this.queued + given - running,
        running,
        done: this.done,
        failed: this.failed,
        retried: this.retried,
        cancelled: this.cancelled,
      },
      limits: limits.filter((set) => set.limits.length > 0),
      wait: this.#wait.percentiles(),
      run: this.#run.percentiles(),
      loadBalancer: {
        algorithm: typeof loadBalancing === "function" ? "custom" : loadBalancing,
        dispatched: this.dispatched,
        active: each.map(({ active }) => active),
        total: each.map(({ total }) => total),
      },
    };
  }
}
