import { createRequire } from "node:module";
import { lazyObject } from "../config/lazy.js";
import type { Limits } from "./grant.js";
import type { LimitSet } from "./limit-set.js";

/** Limits that allow everything, for a worker whose pool has none: most workers have none, and never look. */
export function unlimited(): Limits {
  return lazyObject<Limits>(() => {
    const module = createRequire(import.meta.url)("./limit-set.js") as { LimitSet: typeof LimitSet };
    return new module.LimitSet([]);
  });
}
