/** What a node can run: what loading the user's modules defines. */
import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DefinitionError } from "../../errors.js";
import { hostState } from "../../host/host-state.js";
import { importUserModule } from "../../host/import-module.js";
import { type Registration, registrations } from "../../registry.js";
import { taskRegistration } from "../../task.js";
import { type Definition, definitionFor } from "../../definitions/definition.js";

/**
 * Imports modules, TypeScript too, one after the other, and collects what they define: they themselves, what they import
 * that was not loaded before, and what they export.
 *
 * @param modules - paths, from the working directory on, or URLs
 * @param isAlone - whether this process does nothing else: pools that start in the meantime are then refused, as only the
 *   modules can have started them, and on a node they wait for the node itself
 * @returns definitions by name
 * @throws {DefinitionError} when a module is not there or throws, nothing is defined, or two definitions have one name
 * @throws {MissingPackageError} for TypeScript that this Node.js cannot run, without `tsx`
 */
export async function loadDefinitions(modules: readonly string[], isAlone = false): Promise<Map<string, Definition>> {
  const found = new Map<string, Definition>();
  const names = modules.map((module) => `'${module}'`).join(", ");
  for (const module of modules) {
    for (const registration of await definedBy(module, isAlone)) add(found, definitionFor(registration));
  }
  if (found.size > 0) return found;
  throw new DefinitionError(
    modules.length === 0
      ? "Cannot load definitions as no module was named: name those that call worker() and task()"
      : `Cannot load definitions as ${names} define${modules.length === 1 ? "s" : ""} none: call worker() or task() at ` +
          "the top level, with the module's own import.meta",
  );
}

/** What each module was found to define when it was loaded first: a second time, it defines nothing anew. */
const earlier = new Map<string, ReadonlySet<string>>();

async function definedBy(module: string, isAlone: boolean): Promise<Iterable<Registration>> {
  const url = urlOf(module);
  const before = new Set(registrations());
  const exports = await load(url, module, isAlone);
  const exported = new Set(Object.values(exports).map(registrationOf));
  const keys = earlier.get(url);
  const defined = registrations().filter(
    (registration) =>
      registration.url === url ||
      !before.has(registration) ||
      exported.has(registration) ||
      keys?.has(registration.key) === true,
  );
  earlier.set(url, new Set(defined.map(({ key }) => key)));
  return defined;
}

function urlOf(module: string): string {
  const isUrl = /^[a-z][a-z+.-]+:/i.test(module);
  if (isUrl && !module.startsWith("file:")) return new URL(module).href;
  const path = isUrl ? fileURLToPath(module) : resolve(module);
  if (!existsSync(path)) {
    throw new DefinitionError(
      `Cannot load '${module}' as there is no such file: write its path, as in ./workers.js, from ${process.cwd()} on`,
    );
  }
  // As Node.js names it to the module itself.
  return pathToFileURL(realpathSync(path)).href + (isUrl ? new URL(module).search : "");
}

async function load(url: string, module: string, isAlone: boolean): Promise<Readonly<Record<string, unknown>>> {
  const outer = hostState.loading;
  if (isAlone) hostState.loading = url;
  try {
    return (await importUserModule(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const { name = "Error", message = String(error) } = error as Partial<Error>;
    if (name === "MissingPackageError") throw error;
    throw new DefinitionError(`Cannot load '${module}' as it threw ${name}: ${message.split("\n", 1)[0]}`, {
      cause: error,
    });
  } finally {
    if (isAlone) hostState.loading = outer;
  }
}

/** Of the result of `worker()` or `task()`. */
function registrationOf(value: unknown): Registration | undefined {
  if (typeof value === "function") return taskRegistration(value);
  if (typeof value !== "object" || value === null || !("init" in value)) return undefined;
  return (value as { registration?: Registration }).registration;
}

function add(found: Map<string, Definition>, definition: Definition): void {
  const { name, registration } = definition;
  const other = found.get(name)?.registration;
  if (other && other !== registration) {
    const places = other.url === registration.url ? `${other.url} twice` : `both ${other.url} and ${registration.url}`;
    throw new DefinitionError(
      `Cannot load definitions as '${name}' is defined by ${places}: give one another name, as in ` +
        `worker(import.meta, ${name}, { name: "Other" })`,
    );
  }
  found.set(name, definition);
}
