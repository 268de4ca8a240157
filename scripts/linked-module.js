// @ts-check
// A module as the compiler made it, read for being linked (`link.js`).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, posix } from "node:path";
import { root } from "./tool.js";

const require = createRequire(import.meta.url);
const lib = join(root, "build/lib");

/**
 * @typedef {object} Parsed
 * @property {string} source
 * @property {import("oxc-parser").ParseResult["program"]} program
 * @property {import("oxc-parser").EcmaScriptModule} module
 * @property {{ start: number, end: number }[]} comments
 */

/** @type {Map<string, Parsed>} */
const read = new Map();

/** @param {string} path @returns {Parsed} */
function parse(path) {
  let parsed = read.get(path);
  if (!parsed) {
    const source = readFileSync(join(lib, path), "utf8").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "");
    // Loaded here: whoever asks whether there is something to do may ask before anything is installed.
    const { parseSync } = /** @type {typeof import("oxc-parser")} */ (require("oxc-parser"));
    const { program, module, comments } = parseSync(path, source);
    parsed = { source, program, module, comments };
    read.set(path, parsed);
  }
  return parsed;
}

/**
 * @param {readonly string[]} paths
 * @returns {string[]} the modules and all that they import, each behind what it imports itself
 */
export function closureOf(paths) {
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {Set<string>} */
  const begun = new Set();
  /** @param {string} path */
  const visit = (path) => {
    if (begun.has(path)) return;
    begun.add(path);
    for (const specifier of requestsOf(path)) {
      if (specifier.startsWith(".")) visit(posix.join(posix.dirname(path), specifier));
    }
    done.add(path);
  };
  for (const path of paths) visit(path);
  return [...done];
}

/** @param {string} path @returns {string[]} what it imports, as it says it */
function requestsOf(path) {
  return parse(path).program.body.flatMap((statement) =>
    "source" in statement && statement.source ? [statement.source.value] : [],
  );
}

/**
 * @param {string} path
 * @param {boolean} [isInside] whether as fields of an object inside the module
 * @returns {string[]} the names that a module exports
 */
export function namesOf(path, isInside = false) {
  return exportsOf(path).map(({ name, local }) => (isInside && local !== name ? `${name}: ${local}` : name));
}

/**
 * @param {string} path
 * @returns {{ name: string, local: string }[]} each under its name inside the module
 */
function exportsOf(path) {
  return parse(path).program.body.flatMap((statement) => {
    switch (statement.type) {
      case "ExportNamedDeclaration":
        if (statement.declaration) return declaredBy(statement.declaration).map((name) => ({ name, local: name }));
        return statement.specifiers.map(({ local, exported }) => {
          const name = nameOf(exported);
          return { name, local: statement.source ? passedOn(name) : nameOf(local) };
        });
      case "ExportDefaultDeclaration":
      case "ExportAllDeclaration":
        throw new Error(`Cannot link '${path}' as it exports a default, or all of another module`);
      default:
        return [];
    }
  });
}

/** @param {import("oxc-parser").Declaration} declaration @returns {string[]} */
function declaredBy(declaration) {
  if (declaration.type !== "VariableDeclaration")
    return "id" in declaration && declaration.id ? [nameOf(declaration.id)] : [];
  return declaration.declarations.map(({ id }) => nameOf(id));
}

/** @param {{ type: string, name?: unknown }} node @returns {string} */
function nameOf(node) {
  if (node.type !== "Identifier")
    throw new Error(`Cannot link a module as it names something by no identifier: ${node.type}`);
  return String(node.name);
}

/** @param {string} name @returns {string} what a module calls what it exports of another without using it */
function passedOn(name) {
  return `passedOn_${name}`;
}

/**
 * @typedef {object} SourceMap
 * @property {3} version
 * @property {string[]} sources
 * @property {string[]} sourcesContent
 * @property {string[]} names
 * @property {string} mappings
 */

/**
 * The map from what the compiler made of a module to its source, as it is to be for a file of dist/.
 *
 * @param {string} path @param {string} to
 * @returns {SourceMap}
 */
export function mapOf(path, to) {
  const map = JSON.parse(readFileSync(join(lib, `${path}.map`), "utf8"));
  const sources = /** @type {string[]} */ (map.sources).map((source) =>
    posix.relative(posix.join("dist", posix.dirname(to)), posix.join("build/lib", posix.dirname(path), source)),
  );
  const { sourcesContent, names, mappings } = map;
  return { version: 3, sources, sourcesContent, names, mappings };
}

/**
 * One map for a file that holds several modules, each from a line on: Node.js reads no maps with sections.
 *
 * @param {{ line: number, indents: number[], map: SourceMap }[]} maps what begins where, and what its lines lack
 * @returns {SourceMap}
 */
export function joinMaps(maps) {
  const { decode, encode } = /** @type {typeof import("@jridgewell/sourcemap-codec")} */ (
    require("@jridgewell/sourcemap-codec")
  );
  /** @type {SourceMap} */
  const whole = { version: 3, sources: [], sourcesContent: [], names: [], mappings: "" };
  /** @type {import("@jridgewell/sourcemap-codec").SourceMapMappings} */
  const lines = [];
  for (const { line, indents, map } of maps) {
    const [source, name] = [whole.sources.length, whole.names.length];
    while (lines.length < line) lines.push([]);
    for (const [index, segments] of decode(map.mappings).entries()) {
      lines.push(segments.map((segment) => moved(segment, indents[index] ?? 0, source, name)));
    }
    whole.sources.push(...map.sources);
    whole.sourcesContent.push(...map.sourcesContent);
    whole.names.push(...map.names);
  }
  return { ...whole, mappings: encode(lines) };
}

/**
 * @param {import("@jridgewell/sourcemap-codec").SourceMapSegment} segment
 * @param {number} indent what its line lacks at the beginning
 * @param {number} source how many sources are before its own @param {number} name and names
 * @returns {import("@jridgewell/sourcemap-codec").SourceMapSegment}
 */
function moved(segment, indent, source, name) {
  const column = Math.max(segment[0] - indent, 0);
  if (segment.length === 1) return [column];
  const [, own, line, at] = segment;
  return segment.length === 4 ? [column, own + source, line, at] : [column, own + source, line, at, segment[4] + name];
}

/**
 * What a module does, as the body of a function at whose end all that it exports has its value: no module changes that later.
 * Each line is where it was, for the map to be right.
 *
 * @param {string} path
 * @param {(specifier: string) => string} namespaceOf a variable with what another module exports
 * @param {(path: string) => string} reach how the function, where it will stand, finds a file
 * @param {{ url: string, load: string }} means what says there where it stands, and what imports
 * @returns {string}
 */
export function asFunctionBody(path, namespaceOf, reach, { url, load }) {
  const { source, program, module, comments } = parse(path);
  const { body } = program;
  /** @type {[start: number, end: number, text: string][]} */
  const edits = [];
  for (const statement of body) {
    const { start, end } = statement;
    if (statement.type === "ImportDeclaration") {
      const from = statement.source.value;
      const bind = SELDOM_USED.has(from) ? lateBinding : binding;
      const namespace = bind === binding ? namespaceOf(from) : `process.getBuiltinModule("${from}")`;
      edits.push([start, end, statement.specifiers.map((specifier) => bind(specifier, namespace)).join(" ")]);
    } else if (statement.type === "ExportNamedDeclaration" && statement.declaration) {
      edits.push([start, statement.declaration.start, ""]);
    } else if (statement.type === "ExportNamedDeclaration") {
      const namespace = statement.source && namespaceOf(statement.source.value);
      const bindings = namespace
        ? statement.specifiers.map(({ local, exported }) => `${nameOf(local)}: ${passedOn(nameOf(exported))}`)
        : [];
      edits.push([start, end, bindings.length > 0 ? `const { ${bindings.join(", ")} } = ${namespace};` : ""]);
    }
  }
  for (const { start, end } of module.importMetas) {
    // As the module itself would have it; only its URL is used.
    edits.push([start, end, `({ url: new URL("${reach(path)}", ${url}).href })`]);
  }
  for (const { start, moduleRequest } of module.dynamicImports) {
    edits.push([start, start + "import".length, load]);
    const request = source.slice(moduleRequest.start, moduleRequest.end);
    if (!request.startsWith('".')) continue;
    const target = posix.join(posix.dirname(path), JSON.parse(request));
    edits.push([moduleRequest.start, moduleRequest.end, JSON.stringify(reach(target))]);
  }
  // Each thread keeps the text in its memory: it is to be short, and of one byte a character.
  for (const { start, end } of comments) {
    if (!edits.some(([from, to]) => from <= start && end <= to)) edits.push([start, end, ""]);
  }
  for (const [start, end] of literalsOf(program)) {
    const text = source.slice(start, end);
    if (WIDE.test(text)) edits.push([start, end, text.replaceAll(WIDES, escaped)]);
  }
  let code = source;
  for (const [start, end, text] of edits.toSorted((a, b) => b[0] - a[0])) {
    const lines = source.slice(start, end).split("\n").length - text.split("\n").length;
    code = code.slice(0, start) + text + "\n".repeat(lines) + code.slice(end);
  }
  const indents = indentsOf(path);
  return code
    .split("\n")
    .map((line, index) => line.slice(Math.min(indents[index] ?? 0, indentOf(line))))
    .join("\n");
}

/**
 * @param {string} path
 * @returns {number[]} how much of the beginning of each line is left out: all spaces, but for those of a text
 */
export function indentsOf(path) {
  const { source, program } = parse(path);
  const indents = source.split("\n").map(indentOf);
  for (const [start, end] of literalsOf(program)) {
    const first = source.slice(0, start).split("\n").length;
    const further = source.slice(start, end).split("\n").length - 1;
    indents.fill(0, first, first + further);
  }
  return indents;
}

/** @param {string} line */
function indentOf(line) {
  return line.length - line.trimStart().length;
}

/** A text with one of them is kept with two bytes for each character. */
const WIDE = /[^\0-\x7f]/;
const WIDES = new RegExp(WIDE, "g");

/** @param {string} character */
function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * @param {Parsed["program"]} program
 * @returns {[start: number, end: number][]} where texts and regular expressions stand in it, templates piece by piece
 */
function literalsOf(program) {
  const { Visitor } = /** @type {typeof import("oxc-parser")} */ (require("oxc-parser"));
  /** @type {[start: number, end: number][]} */
  const found = [];
  /** @param {{ start: number, end: number }} node */
  const note = ({ start, end }) => void found.push([start, end]);
  new Visitor({ Literal: note, TemplateElement: note }).visit(program);
  return found;
}

/** Built-in modules that a thread has not loaded, of which only functions are used, and not at once. */
const SELDOM_USED = new Set(["node:module", "node:url"]);

/** @param {import("oxc-parser").ImportDeclarationSpecifier} specifier @param {string} namespace @returns {string} */
function binding(specifier, namespace) {
  const { type, local } = specifier;
  // A built-in module is its own default, and nothing else has one.
  if (type !== "ImportSpecifier") return `const ${local.name} = ${namespace};`;
  const name = nameOf(specifier.imported);
  return `const { ${name === local.name ? name : `${name}: ${local.name}`} } = ${namespace};`;
}

/**
 * A function that looks the real one up when it is called.
 *
 * @param {import("oxc-parser").ImportDeclarationSpecifier} specifier @param {string} namespace @returns {string}
 */
function lateBinding(specifier, namespace) {
  if (specifier.type !== "ImportSpecifier")
    throw new Error(`Cannot link an import of all of ${namespace}: name functions`);
  return `const ${specifier.local.name} = (...given) => ${namespace}.${nameOf(specifier.imported)}(...given);`;
}
