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
 * @property {import("oxc-parser").ParseResult["program"]["body"]} body
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
    parsed = { source, body: program.body, module, comments };
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
  return parse(path).body.flatMap((statement) =>
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
  return parse(path).body.flatMap((statement) => {
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
 * @param {{ line: number, map: SourceMap }[]} maps
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
  for (const { line, map } of maps) {
    const [source, name] = [whole.sources.length, whole.names.length];
    while (lines.length < line) lines.push([]);
    for (const segments of decode(map.mappings)) lines.push(segments.map((segment) => moved(segment, source, name)));
    whole.sources.push(...map.sources);
    whole.sourcesContent.push(...map.sourcesContent);
    whole.names.push(...map.names);
  }
  return { ...whole, mappings: encode(lines) };
}

/**
 * @param {import("@jridgewell/sourcemap-codec").SourceMapSegment} segment
 * @param {number} source how many sources are before its own @param {number} name and names
 * @returns {import("@jridgewell/sourcemap-codec").SourceMapSegment}
 */
function moved(segment, source, name) {
  if (segment.length === 1) return segment;
  const [column, own, line, at] = segment;
  return segment.length === 4 ? [column, own + source, line, at] : [column, own + source, line, at, segment[4] + name];
}

/**
 * What a module does, as the body of a function at whose end all that it exports has its value: no module changes that later.
 * Each line is where it was, for the map to be right.
 *
 * @param {string} path
 * @param {(specifier: string) => string} namespaceOf a variable with what another module exports
 * @param {(path: string) => string} reach how the function, where it will stand, finds a file
 * @returns {string}
 */
export function asFunctionBody(path, namespaceOf, reach) {
  const { source, body, module, comments } = parse(path);
  /** @type {[start: number, end: number, text: string][]} */
  const edits = [];
  for (const statement of body) {
    const { start, end } = statement;
    if (statement.type === "ImportDeclaration") {
      const namespace = namespaceOf(statement.source.value);
      edits.push([start, end, statement.specifiers.map((specifier) => binding(specifier, namespace)).join(" ")]);
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
    edits.push([start, end, `({ url: new URL("${reach(path)}", import.meta.url).href })`]);
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const request = source.slice(moduleRequest.start, moduleRequest.end);
    if (!request.startsWith('".')) continue;
    const target = posix.join(posix.dirname(path), JSON.parse(request));
    edits.push([moduleRequest.start, moduleRequest.end, JSON.stringify(reach(target))]);
  }
  // Each thread keeps the text in its memory.
  for (const { start, end } of comments) {
    if (!edits.some(([from, to]) => from <= start && end <= to)) edits.push([start, end, ""]);
  }
  let code = source;
  for (const [start, end, text] of edits.toSorted((a, b) => b[0] - a[0])) {
    const lines = source.slice(start, end).split("\n").length - 1;
    code = code.slice(0, start) + text + "\n".repeat(lines) + code.slice(end);
  }
  return code;
}

/** @param {import("oxc-parser").ImportDeclarationSpecifier} specifier @param {string} namespace @returns {string} */
function binding({ type, local, ...rest }, namespace) {
  // A built-in module is its own default, and nothing else has one.
  if (type !== "ImportSpecifier") return `const ${local.name} = ${namespace};`;
  const name = nameOf(/** @type {{ imported: { type: string } }} */ (/** @type {unknown} */ (rest)).imported);
  return `const { ${name === local.name ? name : `${name}: ${local.name}`} } = ${namespace};`;
}
