/** The limits of a pool: shared by its workers, or one set for each. */
import { show } from "../config/show.js";
import type { Limits } from "../limits/grant.js";
import type { Limit } from "../limits/limit.js";
import { LimitSet, type LimitSetStats } from "../limits/limit-set.js";
import type { LimitSource } from "../limits/limit-source.js";
import { PerWorkerLimits } from "../limits/per-worker.js";

/** What the option `limits` takes. */
export type LimitsOption = readonly Limit[] | Limits | PerWorkerLimits;

export class PoolLimits {
  /** `undefined` when each worker has its own. */
  readonly shared: LimitSource | undefined;
  readonly #make: PerWorkerLimits | undefined;
  readonly #own = new Map<number, LimitSource>();

  /** @throws {TypeError} when it is nothing of the kind */
  constructor(option: LimitsOption = []) {
    if (option instanceof PerWorkerLimits) this.#make = option;
    else this.shared = Array.isArray(option) ? new LimitSet(option as readonly Limit[]) : checkSource(option);
  }

  /** The limits of the worker in this place; a replacement has those of its predecessor. */
  of(index: number): LimitSource {
    if (this.shared) return this.shared.at(index);
    let own = this.#own.get(index);
    if (!own) this.#own.set(index, (own = this.#make!.create() as LimitSource));
    return own;
  }

  reports(): LimitSetStats[] {
    return this.shared ? [...this.shared.reports()] : [...this.#own.values()].flatMap((own) => own.reports());
  }
}

function checkSource(value: unknown): LimitSource {
  if (typeof (value as LimitSource | null)?.acquireFor === "function") return value as LimitSource;
  throw new TypeError(
    `Cannot set 'limits' as it must be a list of limits, a LimitSet, a LimitPool or perWorker(…): current value is ` +
      show(value),
  );
}
