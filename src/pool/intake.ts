/** How many calls a worker may have at once: those that it runs, and those handed to it ahead of time. */
import type { Host } from "../modes/executor.js";
import type { ResolvedOptions } from "./options.js";
import { Pace } from "./pace.js";
import type { SlotState } from "./slot-owner.js";

/** What is under way to the worker, as its host sees it. */
type Load = Pick<Host, "isCongested" | "isLaden">;

export class Intake {
  readonly pace: Pace;
  readonly #options: ResolvedOptions;
  readonly #isRecycled: boolean;
  readonly #mayBeSteady: boolean;
  /** Whether the worker is ready in this event loop, and what calls it runs or has run changes nothing about it. */
  isSteady = false;
  /** As `reckon` found. */
  #most = 0;

  constructor(options: ResolvedOptions, isLocal: boolean) {
    this.#options = options;
    this.#isRecycled = options.recycle.afterCalls < Number.POSITIVE_INFINITY;
    this.#mayBeSteady = isLocal && !options.onDemand && !options.isElastic && !this.#isRecycled;
    this.pace = new Pace(options);
  }

  /** Finds out how many it may have, whenever what that depends on has changed; none where it `isClosed`. */
  reckon(state: SlotState, isClosed: boolean): void {
    const { concurrency, isElastic } = this.#options;
    const isUp = state === "ready" || state === "cold" || state === "starting";
    this.isSteady = this.#mayBeSteady && state === "ready";
    if (!isUp || isClosed) this.#most = 0;
    // A pool that grows has workers that run already: what waits is theirs rather than that of one that starts.
    else if (isElastic && state !== "ready") this.#most = concurrency;
    else this.#most = concurrency + this.pace.ahead;
  }

  /** Whether one that has so many, and has served so many, takes another. */
  isOpen(active: number, served: number, isOwed: boolean, host: Load | undefined): boolean {
    if (active >= this.#most || host?.isCongested) return false;
    const { concurrency, recycle } = this.#options;
    // Nothing is handed ahead where the next worker that has nothing to do may be owed to somebody (D1), or is laden.
    if (active >= concurrency && (isOwed || host?.isLaden || !this.pace.mayAdd(active))) return false;
    return !this.#isRecycled || served + active < recycle.afterCalls;
  }
}
