// @ts-check
// Links the modules that every host loads into one file for threads and one for processes, without a bundler: to find,
// read and link forty small modules takes a thread longer than to start one. What is linked is a second copy of those
// modules, as two copies of the library in one program are: what copies share hangs on `globalThis`
// (`src/config/process-wide.ts`), and the error classes stay a module of their own, which is loaded when it is needed.
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { isMain, root } from "./tool.js";

const require = createRequire(import.meta.url);
const dist = join(root, "dist");
const compiled = join(root, "build/.cache/src.tsbuildinfo");

/** Of which a thread must never have two: what stands for them loads them when it is first used. */
const SHARED = new Map([["errors.js", "config/later-errors.js"]]);

/** @typedef {{ to: string, run: string, exports: string }} Program */

/** @type {Program[]} */
const programs = [
  { to: "host/linked/thread-entry.js", run: "host/thread-entry.js", exports: "host-index.js" },
  { to: "host/linked/process-entry.js", run: "host/process-entry.js", exports: "host-index.js" },
];

/**
 * @param {string} path relative to the root
 * @returns {boolean}
 */
export function isLinked(path) {
  return programs.some(({ to }) => path === join("dist", to));
}

/** @returns {boolean} */
export function isLinkStale() {
  return programs.some(({ to }) => {
    const linked = statSync(join(dist, to), { throwIfNoEntry: false });
    return !linked || (existsSync(compiled) && linked.mtimeMs < statSync(compiled).mtimeMs);
  });
}

/** Links what the compiler has made. */
export function linkHosts() {
  for (const program of programs) {
    const path = join(dist, program.to);
    mkdirSync(dirname(path), { recursive: true });
    // In one step: a host may be starting.
    writeFileSync(`${path}.new`, link(program));
    renameSync(`${path}.new`, path);
  }
}

/**
 * The text of a program: its modules, each a function of its own, behind those that they import.
 *
 * @param {Program} program
 * @returns {string}
 */
export function link({ to, run, exports }) {
  /** @type {Map<string, string>} variables by the paths of modules, in the order that these run in; "" while one is visited */
  const linked = new Map();
  /** @type {string[]} */
  const head = [];
  /** @type {string[]} */
  const body = [];
  /** @type {Map<string, string>} */
  const outside = new Map();

  /** @param {string} specifier of a module of Node.js; returns what it exports */
  const builtIn = (specifier) => {
    let name = outside.get(specifier);
    if (!name) {
      outside.set(specifier, (name = `outer${outside.size}`));
      // To import one wraps it in a module first, for which all is loaded that it may ever export.
      head.push(`const ${name} = process.getBuiltinModule("${specifier}");`);
    }
    return name;
  };

  /** @param {string} path @returns {string} the variable with what the module exports */
  const visit = (path) => {
    const known = linked.get(path);
    if (known === "") throw new Error(`Cannot link '${path}' as it imports itself in a circle`);
    if (known !== undefined) return known;
    linked.set(path, "");
    const { code, names } = asFunctionBody(path, to, (specifier) => {
      if (specifier.startsWith("node:")) return builtIn(specifier);
      if (!specifier.startsWith(".")) throw new Error(`Cannot link '${path}' as it imports a package: ${specifier}`);
      const target = posix.join(posix.dirname(path), specifier);
      return visit(SHARED.get(target) ?? target);
    });
    const variable = `module${body.length}`;
    body.push(`// ${path}\nconst ${variable} = (() => {\n${code}\nreturn { ${names.join(", ")} };\n})();`);
    linked.set(path, variable);
    return variable;
  };

  const variable = visit(exports);
  const { names } = asFunctionBody(exports, to, () => "");
  body.push(`export const { ${names.map((name) => name.split(":")[0]).join(", ")} } = ${variable};`);
  visit(run);
  return `// Made by scripts/link.js.\n${[...head, ...body].join("\n")}\n`;
}

/**
 * What a module does, as the body of a function that returns what it exports.
 *
 * @param {string} path
 * @param {string} to where the text will stand
 * @param {(specifier: string) => string} namespaceOf
 * @returns {{ code: string, names: string[] }}
 */
function asFunctionBody(path, to, namespaceOf) {
  const source = readFileSync(join(dist, path), "utf8").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "");
  // Loaded here: whoever asks whether there is something to do may ask before anything is installed.
  const { parseSync } = /** @type {typeof import("oxc-parser")} */ (require("oxc-parser"));
  const { module, comments } = parseSync(path, source);
  /** @type {[start: number, end: number, text: string][]} */
  const edits = [];
  /** @type {string[]} */
  const names = [];
  for (const { start, end, moduleRequest, entries } of module.staticImports) {
    const namespace = namespaceOf(moduleRequest.value);
    const bindings = entries.map(({ importName, localName }) => {
      if (importName.kind === "NamespaceObject") return `const ${localName.value} = ${namespace};`;
      if (importName.kind === "Default")
        throw new Error(`Cannot link '${path}' as it imports a default: ${moduleRequest.value}`);
      const name = importName.name;
      return `const { ${name === localName.value ? name : `${name}: ${localName.value}`} } = ${namespace};`;
    });
    edits.push([start, end, bindings.join(" ")]);
  }
  for (const { start, end, entries } of module.staticExports) {
    const isDeclaration = entries.every(({ moduleRequest }) => !moduleRequest) && entries[0]?.start !== undefined;
    const text = source.slice(start, end);
    for (const { moduleRequest, importName, exportName, localName } of entries) {
      const name = exportName.name;
      if (name === null || importName.kind === "All")
        throw new Error(`Cannot link '${path}' as it exports all of another module`);
      if (moduleRequest) names.push(`${name}: ${namespaceOf(moduleRequest.value)}.${importName.name}`);
      else names.push(name === localName.name ? `${name}` : `${name}: ${localName.name}`);
    }
    if (isDeclaration && /^export\s+(?:async\s+function|function|class|const)\b/.test(text)) {
      edits.push([start, start + "export ".length, ""]);
    } else if (/^export\s*\{/.test(text)) {
      edits.push([start, end, ""]);
    } else {
      throw new Error(`Cannot link '${path}' as it exports what may change: ${text.slice(0, 40)}`);
    }
  }
  for (const { start, end } of module.importMetas) {
    // As the module itself would have it; only its URL is used.
    edits.push([start, end, `({ url: new URL("${relative(to, path)}", import.meta.url).href })`]);
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const request = source.slice(moduleRequest.start, moduleRequest.end);
    if (!request.startsWith('".')) continue;
    const target = posix.join(posix.dirname(path), JSON.parse(request));
    edits.push([moduleRequest.start, moduleRequest.end, JSON.stringify(relative(to, target))]);
  }
  // Each thread keeps the text in its memory.
  for (const { start, end } of comments) {
    if (!edits.some(([from, to]) => from <= start && end <= to)) edits.push([start, end, ""]);
  }
  let code = source;
  for (const [start, end, text] of edits.toSorted((a, b) => b[0] - a[0]))
    code = code.slice(0, start) + text + code.slice(end);
  return { code, names };
}

/**
 * @param {string} from @param {string} to
 * @returns {string} how the file `from` imports the file `to`
 */
function relative(from, to) {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** Before the tests run: they are to start the hosts that users get. */
export function setup() {
  if (isLinkStale()) linkHosts();
}

if (isMain(import.meta.url)) linkHosts();
