// @ts-check
// Enforces the direction of imports in src: a file imports only from its own layer or from lower ones.
import { readFileSync, readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix, sep } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { root } from "./tool.js";

/** Lowest first. A name with a slash is a folder, any other a file. */
const layers = [
  ["errors.ts", "registry.ts", "config/", "waiting/"],
  ["limits/", "retry/", "wire/"],
  ["future/", "scope/", "progress/"],
  ["modes/", "host/"],
  ["pool/"],
  ["flow/"],
  ["worker.ts", "definitions/", "worker-base.ts", "task.ts", "task-target.ts", "task-pool.ts", "task-runner.ts"],
  ["index.ts", "host-index.ts"],
  ["batch/", "prompts/", "distributed/", "dashboard/", "telemetry/", "cli/"],
];

/**
 * Packages that src may import by a literal name, each with the files that may. Optional peers are not here: they are
 * loaded by the one helper that names the `npm i` line when they are missing.
 *
 * @type {Record<string, string[]>}
 */
const thirdParty = {};

/** @param {string} path relative to src, with forward slashes */
function layerOf(path) {
  const slash = path.indexOf("/");
  const entry = slash === -1 ? path : path.slice(0, slash + 1);
  return layers.findIndex((layer) => layer.includes(entry));
}

/**
 * Everything a file imports: static, dynamic, re-exported and in types.
 *
 * @param {string} file
 * @param {string} source
 * @returns {{ specifier: string, line: number }[]}
 */
function importsOf(file, source) {
  /** @type {{ specifier: string, line: number }[]} */
  const found = [];
  /** @param {{ type: string, start: number, value?: unknown } | null} node */
  const add = (node) => {
    if (node?.type !== "Literal" || typeof node.value !== "string") return;
    found.push({ specifier: node.value, line: source.slice(0, node.start).split("\n").length });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
  }).visit(parseSync(file, source).program);
  return found;
}

/**
 * Says why a file may not import something, or nothing when it may.
 *
 * @param {string} file relative to src, with forward slashes
 * @param {string} specifier
 * @returns {string | undefined}
 */
function objection(file, specifier) {
  if (specifier.startsWith("node:")) return undefined;
  if (isBuiltin(specifier)) return "a built-in module is imported with the prefix 'node:'";
  if (!specifier.startsWith(".")) {
    const name = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
    if (thirdParty[name]?.includes(file)) return undefined;
    return `only packages in the table of scripts/check-layers.js may be imported: the package is '${name}'`;
  }
  const target = posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts");
  if (target.startsWith("../")) return "it lies outside of src";
  const layer = layerOf(target);
  if (layer === -1) return `'${target}' is in no layer of scripts/check-layers.js`;
  if (layer > layerOf(file)) return `layer ${layer + 1} is above layer ${layerOf(file) + 1}`;
  return undefined;
}

const files = readdirSync(join(root, "src"), { recursive: true })
  .map((path) => String(path).split(sep).join("/"))
  .filter((path) => path.endsWith(".ts"))
  .sort();

const problems = files.flatMap((file) => {
  if (layerOf(file) === -1) {
    return [`src/${file}: Cannot place the file as its name is in no layer of scripts/check-layers.js`];
  }
  return importsOf(file, readFileSync(join(root, "src", file), "utf8")).flatMap(({ specifier, line }) => {
    const reason = objection(file, specifier);
    return reason ? [`src/${file}:${line}: Cannot import '${specifier}' as ${reason}`] : [];
  });
});

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
