/** What a definition is called between machines: the same at the caller and on every node. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Registration } from "../registry.js";
import { taskOrigin } from "../task-target.js";
import { variableName } from "./variable-name.js";
import { versionOf } from "./version-of.js";

/** A worker or task as machines speak of it. */
export interface Definition {
  /** What it is found by; not in two modules of one node. */
  readonly name: string;
  /** See `versionOf`. */
  readonly version: string;
  readonly kind: "worker" | "task";
  /** What this process knows of it. */
  readonly registration: Registration;
}

/** Where this library lies, and what names of its own begin with. */
const LIBRARY = new URL("../", import.meta.url).href;
const OWN = "manyhands/";

const known = new WeakMap<Registration, Definition>();

/** The same object each time for one registration. */
export function definitionFor(registration: Registration): Definition {
  let definition = known.get(registration);
  if (!definition) {
    definition = {
      name: nameOf(registration),
      version: versionOf(registration),
      kind: taskOrigin(registration.target) ? "task" : "worker",
      registration,
    };
    known.set(registration, definition);
  }
  return definition;
}

/**
 * The name it was given, or that the class or function has; of a function without one, that of the variable its task is
 * put in, else that of the file. The second of one name in a module has `~2` after it.
 */
function nameOf({ key, url, name, target }: Registration): string {
  const own = key.slice(url.length + 1);
  if (url.startsWith(LIBRARY)) return OWN + own;
  const site = name === "task" ? taskOrigin(target)?.site : undefined;
  if (!site) return own;
  const variable = variableName(site.stack ?? "", url);
  if (variable !== undefined && variable !== "default") return variable;
  if (!url.startsWith("file:")) return own;
  const file = basename(fileURLToPath(url)).replace(/\.[cm]?[jt]sx?$/, "");
  return file + (variable === "default" ? "" : own.slice(name.length));
}
