import type { Registration } from "../registry.js";
import { taskOrigin } from "../task-target.js";
import { isWorkerBase } from "../worker-base.js";

const LENGTH = 12;

/**
 * What must be the same on two machines for one to run the definition of the other: what its author said, else a digest
 * of the source text, of the class with its superclasses or of the function, as it was loaded.
 *
 * It knows nothing of what the code imports, and two compilers make two texts of one source.
 */
export function versionOf(registration: Registration): string {
  const { target, version } = registration;
  if (version !== undefined) return version;
  // Loaded here: it takes some ms, and only a pool on nodes asks for a version.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const hash = createHash("sha256");
  for (const part of partsOf(target)) hash.update(Function.prototype.toString.call(part)).update("\0");
  return hash.digest("hex").slice(0, LENGTH);
}

/** A class and the user's classes it extends, or the function of a task. */
function* partsOf(target: Registration["target"]): Generator<object, void, undefined> {
  const origin = taskOrigin(target);
  if (origin) {
    yield origin.fn;
    return;
  }
  let part: unknown = target;
  while (typeof part === "function" && part !== Function.prototype && !isWorkerBase(part)) {
    yield part;
    part = Object.getPrototypeOf(part);
  }
}
