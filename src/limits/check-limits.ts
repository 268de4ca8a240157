import { show } from "../config/show.js";
import { CORE, type Limit } from "./limit.js";

/** @throws {TypeError} when it is no list, when something in it is no limit, or there twice */
export function checkLimits(limits: readonly Limit[]): void {
  if (!Array.isArray(limits)) {
    throw new TypeError(`Cannot make a limit set as it takes a list of limits: current value is ${show(limits)}`);
  }
  for (const [index, limit] of (limits as readonly Limit[]).entries()) {
    if (!limit?.[CORE]) {
      throw new TypeError(
        "Cannot make a limit set as it takes CallLimit, RateLimit, ResourceLimit or AdaptiveLimit: current value is " +
          show(limit),
      );
    }
    if (limits.indexOf(limit) === index) continue;
    throw new TypeError(`Cannot make a limit set as limit '${limit.key}' is in it twice`);
  }
}
