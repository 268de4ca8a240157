/** Finds the limit that stands for the places of a resource pool. */
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import { closest } from "../config/closest.js";
import { listWords } from "../config/one-of.js";
import type { LimitSource } from "../limits/limit-source.js";
import type { ResourcePoolLimits } from "./resource-pool-options.js";

/** Where each lease takes one of a limit, and how many of them there are; not known where it is owned elsewhere. */
export interface SlotLimit {
  readonly source: LimitSource;
  readonly key: string;
  readonly capacity: number | undefined;
}

/** @throws {TypeError | RangeError} when there is no such limit, or it is none of resources */
export function checkSlotLimit(limits: ResourcePoolLimits): SlotLimit {
  checkFields("limits", limits, ["set", "key"]);
  const { set, key } = limits;
  const source = set as LimitSource;
  if (typeof source?.enqueueFor !== "function") {
    throw new TypeError(
      `Cannot set 'limits.set' as it must be a LimitSet, a LimitPool or this.limits of a worker: current value is ${show(set)}`,
    );
  }
  const reports = source.reports();
  if (reports.length === 0) return { source, key, capacity: undefined };
  let capacity = 0;
  for (const { limits: all } of reports) {
    const found = all.find((limit) => limit.key === key && limit.kind === "resource");
    if (!found) {
      const keys = all.filter(({ kind }) => kind === "resource").map((limit) => limit.key);
      const hint = closest(String(key), keys);
      const known = keys.length > 0 ? `one of ${listWords(keys)}` : "which has none";
      throw new TypeError(
        `Cannot set 'limits.key' as it must name a ResourceLimit of the set, ${known}: current value is ${show(key)}` +
          (hint ? `, did you mean '${hint}'?` : ""),
      );
    }
    capacity += Math.floor(found.capacity);
  }
  if (capacity >= 1) return { source, key, capacity };
  throw new RangeError(`Cannot set 'limits.key' as the capacity of limit '${key}' is below one resource`);
}
