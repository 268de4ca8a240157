// @ts-check
// Makes dist/ out of what the compiler made of src (build/lib), without a bundler. Modules that are always loaded together
// are linked into one file: to find, read and link a small module takes most of a millisecond, the library has three hundred
// of them, and a thread of a pool needs forty. In dist/ a module of the library that was linked is a file that names what it
// exports in the linked one: whoever imports it, and from wherever, gets the one copy there is.
//
// What hosts begin with is a second copy of the modules that it needs, as two copies of the library in one program are: what
// copies share hangs on `globalThis` (`src/config/process-wide.ts`), and so do the error classes.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix } from "node:path";
import { asFunctionBody, closureOf, indentsOf, joinMaps, mapOf, namesOf } from "./linked-module.js";
import { isMain, root } from "./tool.js";

const dist = join(root, "dist");
const lib = join(root, "build/lib");
const cache = join(root, "build/.cache");
/** Names the files that were made. */
const stamp = join(cache, "link-stamp");
const SCRIPTS = ["link.js", "linked-module.js"];
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Run once in a thread, whichever file does it first: there must be one class of each error. */
const SHARED = "errors.js";

/** The files with modules of the library, each with what it starts from, and imports, and the ones before do not have. */
const parts = [
  { to: "linked/errors.js", starts: [SHARED] },
  // Hosts load these too: where their pool has limits, and where a worker uses them.
  { to: "linked/limits.js", starts: ["limits/remote/limit-client.js", "limits/limit-set.js", "limits/rate-limit.js"] },
  {
    to: "linked/scopes.js",
    starts: [
      "scope/supervise.js",
      "scope/mutex.js",
      "scope/semaphore.js",
      "future/gather.js",
      "future/as-completed.js",
      "future/wait.js",
    ],
  },
  { to: "linked/library.js", starts: ["index.js"] },
  { to: "linked/prompts.js", starts: ["prompts/index.js"] },
];

/**
 * The files that hosts begin with, which are all that their modules get for the library. What a thread begins with is only
 * what loads its program, a file that others can compile for it (`src/modes/host-code.ts`).
 */
const hosts = [
  { to: "host/linked/thread-entry.js", program: "host/linked/thread-program.cjs", run: "host/thread-entry.js" },
  {
    to: "host/linked/packed-thread-entry.js",
    program: "host/linked/packed-thread-program.cjs",
    run: "host/packed-thread-entry.js",
  },
  { to: "host/linked/process-entry.js", run: "host/process-entry.js" },
];
const HOST_LIBRARY = "host-index.js";
const LOADER = "host/load-program.js";

/** Of a module, and of a program, which is none. */
const MODULE = { url: "import.meta.url", load: "import" };
const PROGRAM = { url: "programUrl", load: "importModule" };

/** @returns {boolean} whether the compiler has run since, these scripts were changed, or something is missing */
export function isLinkStale() {
  const linkedAt = modifiedAt(stamp);
  const inputs = [join(cache, "src.tsbuildinfo"), ...SCRIPTS.map((name) => join(root, "scripts", name))];
  if (linkedAt === 0 || inputs.some((path) => modifiedAt(path) > linkedAt)) return true;
  return !readFileSync(stamp, "utf8")
    .split("\n")
    .every((path) => existsSync(join(dist, path)));
}

/** @param {string} path */
function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Makes dist/: writes what differs, and removes what there is no source for. */
export function linkDist() {
  const startedAt = new Date();
  const texts = library();
  for (const host of hosts) linkHost(host, texts);
  for (const path of compiledFiles()) {
    if (texts.has(path)) continue;
    texts.set(path, readFileSync(join(lib, path), "utf8"));
    texts.set(`${path}.map`, JSON.stringify(mapOf(path, path)));
  }
  mkdirSync(cache, { recursive: true });
  for (const [path, text] of texts) put(join(dist, path), text);
  for (const path of filesIn(dist)) if (/\.c?js(\.map)?$/.test(path) && !texts.has(path)) rmSync(join(dist, path));
  writeFileSync(stamp, [...texts.keys()].join("\n"));
  // The start, not the end: the compiler may have run meanwhile.
  utimesSync(stamp, startedAt, startedAt);
}

/** @returns {string[]} */
function compiledFiles() {
  if (!existsSync(lib)) throw new Error("Cannot link as build/lib is missing: run 'npm run build'");
  return filesIn(lib).filter((path) => path.endsWith(".js"));
}

/** @param {string} folder @returns {string[]} */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => path.replaceAll("\\", "/"));
}

/** @param {string} path @param {string} text */
function put(path, text) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  // In one step: a host may be starting, and somebody else link too.
  const whole = join(cache, `linked-${process.pid}`);
  writeFileSync(whole, text);
  renameSync(whole, path);
}

/** @returns {Map<string, string>} the files with modules of the library, and what stands in their places */
function library() {
  /** @type {Map<string, string>} */
  const texts = new Map();
  /** @type {Map<string, string>} the files by the modules that they hold */
  const homes = new Map();
  for (const { to, starts } of parts) {
    const own = closureOf(starts).filter((path) => !homes.has(path));
    for (const path of own) homes.set(path, to);
    const linked = new Linked(to, (path) => homes.get(path));
    const exported = own.map((path) => {
      const names = namesOf(path).map((name) => `${name}: ${publicName(path, name)}`);
      return `export const { ${names.join(", ")} } = ${linked.add(path)};`;
    });
    linked.putInto(texts, exported);
    for (const path of own) texts.set(path, standIn(path, to));
  }
  return texts;
}

/** @param {string} path @param {string} to @returns {string} a module that exports what the linked one does */
function standIn(path, to) {
  const names = namesOf(path).map((name) => `  ${publicName(path, name)} as ${name},\n`);
  return `export {\n${names.join("")}} from "${relative(path, to)}";\n`;
}

/** @param {string} path @param {string} name @returns {string} what a linked file calls what one of its modules exports */
function publicName(path, name) {
  return `${path.replace(/\.js$/, "").replaceAll(/\W/g, "_")}$${name}`;
}

/** @param {(typeof hosts)[number]} host @param {Map<string, string>} texts */
function linkHost({ to, program, run }, texts) {
  const names = namesOf(HOST_LIBRARY).join(", ");
  const linked = new Linked(program ?? to, () => program ?? to, program ? PROGRAM : MODULE);
  const library = linked.add(HOST_LIBRARY);
  linked.add(run);
  if (!program) {
    linked.putInto(texts, [`export const { ${names} } = ${library};`]);
    return;
  }
  // In parentheses: it is compiled with the file, not at the call.
  linked.putInto(
    texts,
    [`return ${library};`, "});"],
    ['"use strict";', `module.exports = (function (${PROGRAM.url}, ${PROGRAM.load}) {`],
  );
  const loader = new Linked(to, () => to);
  const load = `${loader.add(LOADER)}.loadProgram("${relative(to, program)}", import.meta.url, (url) => import(url))`;
  loader.putInto(texts, [`export const { ${names} } = ${load};`]);
}

/** One file with several modules: each is a function, behind those that it imports. */
class Linked {
  /** @type {Map<string, string>} variables by the paths of modules; "" while one is visited */
  #variables = new Map();
  /** @type {string[]} */
  #head = [];
  /** @type {{ path: string, text: string }[]} */
  #body = [];
  /** @type {Map<string, string>} variables with what other files export */
  #outside = new Map();

  /**
   * @param {string} to
   * @param {(path: string) => string | undefined} homeOf the file that holds a module
   * @param {typeof MODULE} means
   */
  constructor(to, homeOf, means = MODULE) {
    this.to = to;
    this.homeOf = homeOf;
    this.means = means;
  }

  /** @param {string} path @returns {string} the variable with what the module exports */
  add(path) {
    const known = this.#variables.get(path);
    if (known === "") throw new Error(`Cannot link '${path}' as it imports itself in a circle`);
    if (known !== undefined) return known;
    this.#variables.set(path, "");
    const code = this.#codeOf(path);
    const variable = `module${this.#body.length}`;
    this.#body.push({ path, text: `// ${path}\nconst ${variable} = ${code};` });
    this.#variables.set(path, variable);
    return variable;
  }

  /**
   * Puts the file, and the map that leads from it to the sources, to the others.
   *
   * @param {Map<string, string>} texts @param {string[]} end what comes behind them @param {string[]} begin and before
   */
  putInto(texts, end, begin = []) {
    const lines = ["// Made by scripts/link.js.", ...begin, ...this.#head];
    /** @type {Parameters<typeof joinMaps>[0]} */
    const maps = [];
    for (const { path, text } of this.#body) {
      // What the module does begins with the third line.
      if (this.homeOf(path) === this.to) {
        maps.push({ line: lines.length + 2, indents: indentsOf(path), map: mapOf(path, this.to) });
      }
      lines.push(...text.split("\n"));
    }
    lines.push(...end, `//# sourceMappingURL=${posix.basename(this.to)}.map`, "");
    texts.set(this.to, lines.join("\n"));
    texts.set(`${this.to}.map`, JSON.stringify(joinMaps(maps)));
  }

  /** @param {string} path @returns {string} */
  #codeOf(path) {
    const home = this.homeOf(path);
    if (home === this.to) {
      const code = asFunctionBody(
        path,
        (specifier) => this.#namespaceOf(path, specifier),
        (target) => relative(this.to, target),
        this.means,
      );
      const once = path === SHARED ? `globalThis[Symbol.for("manyhands.errors/${version}")] ??= ` : "";
      return `${once}(() => {\n${code}\nreturn { ${namesOf(path, true).join(", ")} };\n})()`;
    }
    if (home === undefined) throw new Error(`Cannot link '${path}' as no file holds it`);
    const outer = this.#import(relative(this.to, home));
    const names = namesOf(path).map((name) => `${name}: ${outer}.${publicName(path, name)}`);
    return `{ ${names.join(", ")} }`;
  }

  /** @param {string} path @param {string} specifier */
  #namespaceOf(path, specifier) {
    if (specifier.startsWith("node:")) return this.#builtIn(specifier);
    if (!specifier.startsWith(".")) throw new Error(`Cannot link '${path}' as it imports a package: ${specifier}`);
    return this.add(posix.join(posix.dirname(path), specifier));
  }

  /** @param {string} specifier of a module of Node.js */
  #builtIn(specifier) {
    // To import one wraps it in a module first, for which all is loaded that it may ever export.
    return this.#outer(specifier, (name) => `const ${name} = process.getBuiltinModule("${specifier}");`);
  }

  /** @param {string} specifier */
  #import(specifier) {
    return this.#outer(specifier, (name) => `import * as ${name} from "${specifier}";`);
  }

  /** @param {string} specifier @param {(name: string) => string} load */
  #outer(specifier, load) {
    let name = this.#outside.get(specifier);
    if (!name) {
      this.#outside.set(specifier, (name = `outer${this.#outside.size}`));
      this.#head.push(load(name));
    }
    return name;
  }
}

/**
 * @param {string} from @param {string} to
 * @returns {string} how the file `from` imports the file `to`
 */
function relative(from, to) {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** Before the tests run: they are to have what users get. */
export function setup() {
  if (isLinkStale()) linkDist();
}

if (isMain(import.meta.url)) linkDist();
