import { createRequire } from "node:module";
import { MissingPackageError } from "../errors.js";
import { loadModules } from "./load-gate.js";

const require = createRequire(import.meta.url);
/** To find a package anew takes some 80 µs, which headers of every response would pay. */
const loaded = new Map<string, unknown>();

/**
 * Loads a package that a user installs only to have what needs it, at once.
 *
 * Finding comes before loading: what fails while the package loads is not mistaken for its absence, and reaches the
 * caller as it is.
 *
 * @param name the package, as `npm install` takes it
 * @param purpose what cannot be done without it, to stand after "Cannot", such as `"read the RateLimit header"`
 * @throws {MissingPackageError} when it is not installed; the message holds the command that installs it
 */
export function requireOptional<T>(name: string, purpose: string): T {
  if (loaded.has(name)) return loaded.get(name) as T;
  try {
    require.resolve(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new MissingPackageError(`Cannot ${purpose} as the package '${name}' is not installed: npm install ${name}`, {
      cause: error,
    });
  }
  const module = loadModules(() => require(name) as T);
  loaded.set(name, module);
  return module;
}
