/**
 * The table of definitions that this thread knows, filled as worker modules load.
 *
 * A host finds the class to construct here, by a key that is the same on both sides: the module's URL, the name, and
 * the how-manieth definition of that name it is in one evaluation of the module.
 */
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { show } from "./config/show.js";
import { processWide } from "./config/process-wide.js";

/** What identifies a module: `import.meta`, a URL, or `__filename`. */
export type ModuleReference = { readonly url: string } | URL | string;

/** One `worker()` or `task()` of a worker module, as both sides know it. */
export interface Registration {
  /** The same string in every thread and process that loads the module. */
  readonly key: string;
  /** The URL to import in order to have it registered. */
  readonly url: string;
  /** The name of the class or function, for messages. */
  readonly name: string;
  /** The class to construct: the user's, or one that wraps a function. */
  readonly target: new (...args: never[]) => object;
  /** What tells it from others of the same name on other machines, where its author said so. */
  readonly version?: string | undefined;
}

const table = processWide("registry", () => new Map<string, Registration>());
/** Those of the library itself, of any copy: one runs functions by their source, which nobody from afar may ask for. */
const own = processWide("own-registrations", () => new WeakSet<Registration>());

/** How many definitions of each name one evaluation of a module has made so far; `import.meta` is new for each. */
const evaluations = new WeakMap<object, Map<string, number>>();

/** Where this copy of the library lies: its own definitions are no business of users. */
const OWN = new URL(".", import.meta.url).href;

/** The `file:` (or other) URL of a module reference. */
export function moduleUrl(meta: ModuleReference, what: string): string {
  if (typeof meta === "object" && meta !== null) {
    if (meta instanceof URL) return meta.href;
    if (typeof meta.url === "string") return meta.url;
  }
  if (typeof meta === "string") {
    if (isAbsolute(meta)) return pathToFileURL(meta).href;
    if (URL.canParse(meta)) return meta;
  }
  throw new TypeError(
    `Cannot define ${what} as its first argument must be import.meta, a file URL or __filename: current value is ${show(
      meta,
    )}`,
  );
}

/**
 * What the module is of was written where the module is to be, and nothing behind it.
 * @param usage - what was meant, as in `worker(import.meta, Main)`
 * @throws {TypeError} when that is so
 */
export function assertMetaGiven(meta: unknown, target: unknown, what: string, usage: (name: string) => string): void {
  if (typeof meta !== "function" || (target !== undefined && typeof target !== "object")) return;
  throw new TypeError(
    `Cannot define ${what} as import.meta is missing as the first argument: write ${usage(meta.name || "…")}`,
  );
}

/** Adds a definition to the table; a module evaluated anew replaces its own former entries. */
export function register(
  meta: ModuleReference,
  name: string,
  target: Registration["target"],
  version?: string,
): Registration {
  const url = moduleUrl(meta, `'${name}'`);
  const ordinal = typeof meta === "object" ? nextOrdinal(meta, name) : 1;
  const key = `${url}#${name}${ordinal === 1 ? "" : `~${ordinal}`}`;
  const registration = { key, url, name, target, version };
  table.set(key, registration);
  if (url.startsWith(OWN)) own.add(registration);
  return registration;
}

/** The definition with this key, once its module has loaded in this thread. */
export function findRegistration(key: string): Registration | undefined {
  return table.get(key);
}

/** All definitions of users that this thread knows, in the order of their first evaluation. */
export function registrations(): Registration[] {
  return [...table.values()].filter((registration) => !own.has(registration));
}

function nextOrdinal(meta: object, name: string): number {
  let counts = evaluations.get(meta);
  if (!counts) evaluations.set(meta, (counts = new Map()));
  const ordinal = (counts.get(name) ?? 0) + 1;
  counts.set(name, ordinal);
  return ordinal;
}
