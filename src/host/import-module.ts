/** Loads the user's worker module in a host, TypeScript included. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import { DefinitionError, MissingPackageError } from "../errors.js";
import { findRegistration, type Registration } from "../registry.js";
import { hostState } from "./host-state.js";

/** Imports `url` and returns the definition with this key that loading it made. */
export async function importRegistration(url: string, key: string, name: string): Promise<Registration> {
  const known = findRegistration(key);
  if (known) return known;
  hostState.loading = url;
  try {
    await importUserModule(url);
  } finally {
    hostState.loading = undefined;
  }
  const registration = findRegistration(key);
  if (!registration) {
    throw new DefinitionError(
      `Cannot find '${name}' as loading ${url} did not define it: call worker() or task() at the top level of that ` +
        "module, and pass it that module's own import.meta",
    );
  }
  return registration;
}

/**
 * Imports a module of the user's, TypeScript included.
 * @throws {MissingPackageError | DefinitionError} when it is TypeScript that cannot be run here, or a test file that cannot
 *   be loaded
 */
export async function importUserModule(url: string): Promise<object> {
  try {
    if (needsLoader(url)) await registerTypeScriptLoader(url);
    return (await import(url)) as object;
  } catch (error) {
    if (TEST_FILE.test(url)) {
      throw new DefinitionError(
        `Cannot load ${url} as it is a test file, which only what runs the tests can load (${String(error)}): move the ` +
          "worker class into a module of its own, or use mode 'async' or 'sync'",
        { cause: error },
      );
    }
    if ((error as NodeJS.ErrnoException).code !== "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") throw error;
    throw new DefinitionError(
      `Cannot load ${url} as Node.js strips its types but does not compile it (${(error as Error).message}): write it ` +
        "without enums, namespaces and parameter properties, or run the program with node --import tsx",
      { cause: error },
    );
  }
}

const TEST_FILE = /\.(?:test|spec)\.[cm]?[jt]sx?(?:[?#]|$)/;
const TYPESCRIPT = /\.[cm]?tsx?(?:[?#]|$)/;

function needsLoader(url: string): boolean {
  if (!TYPESCRIPT.test(url)) return false;
  const features = process.features as { typescript?: false | "strip" | "transform" };
  if (features.typescript) return false;
  // Run by tsx already: processes inherit its loader with the arguments of Node.js, threads do not.
  return !isMainThread || !process.execArgv.some((argument) => /[\\/]tsx[\\/]|^tsx$|tsx\/esm/.test(argument));
}

/** Decided before the import: registered after a failed one, the loader would find the failure in the module cache. */
async function registerTypeScriptLoader(url: string): Promise<void> {
  const entry = findTsx(url) ?? findTsx(import.meta.url);
  if (entry === undefined) {
    throw new MissingPackageError(
      `Cannot load ${url} as this Node.js (${process.version}) does not strip types and tsx is not installed: npm i tsx`,
    );
  }
  const loader = (await import(entry)) as { register(): unknown };
  loader.register();
}

/** The module API of tsx as installed for the module at `base`: `require.resolve` alone would find its CommonJS twin. */
function findTsx(base: string): string | undefined {
  const require = createRequire(base);
  try {
    const manifest = require("tsx/package.json") as {
      exports: Record<string, { import: string | { default: string } }>;
    };
    const { import: target } = manifest.exports["./esm/api"]!;
    const path = typeof target === "string" ? target : target.default;
    return new URL(path, pathToFileURL(require.resolve("tsx/package.json"))).href;
  } catch {
    return undefined;
  }
}
