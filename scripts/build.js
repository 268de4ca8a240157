// @ts-check
// Compiles src into dist, and test/fixtures, examples and bench into build. The compiler works incrementally; this file
// owns what it does not do: removing the outputs of sources that are gone, and noticing outputs that are.
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { isLinked, isLinkStale, linkHosts } from "./link.js";
import { isMain, root, runTool } from "./tool.js";

const cache = join(root, "build/.cache");
const stamp = join(cache, "build-stamp");

/** @type {{ config: string, info: string, folders: [from: string, to: string][] }[]} */
const projects = [
  { config: "tsconfig.src.json", info: "src.tsbuildinfo", folders: [["src", "dist"]] },
  {
    config: "tsconfig.programs.json",
    info: "programs.tsbuildinfo",
    folders: [
      ["test/fixtures", "build/test/fixtures"],
      ["examples", "build/examples"],
      ["bench", "build/bench"],
    ],
  },
];
const settings = ["package.json", "tsconfig.base.json", ...projects.map(({ config }) => config)];
/** A source `x.ts` becomes these; a source `x.cts` becomes `x.cjs` and so on. */
const outputExtensions = [".$js", ".$js.map", ".d.$ts"];

/**
 * Whether a source, a folder of sources or a setting changed after the last successful build.
 *
 * @returns {boolean}
 */
export function isBuildStale() {
  if (!existsSync(stamp) || !existsSync(join(root, "dist/index.js")) || isLinkStale()) return true;
  const builtAt = statSync(stamp).mtimeMs;
  // A folder's own time tells of files that were removed or renamed.
  const inputs = projects.flatMap(({ folders }) => folders.flatMap(([from]) => [from, ...list(from)]));
  return [...inputs.filter((path) => /\.c?ts$/.test(path) || isFolder(path)), ...settings].some(
    (path) => existsSync(join(root, path)) && statSync(join(root, path)).mtimeMs > builtAt,
  );
}

/**
 * Builds what changed.
 *
 * @param {{ tests?: boolean }} [options] `tests` checks the types of the tests and of the scripts too
 * @returns {{ exitCode: number, output: string }}
 */
export function build({ tests = false } = {}) {
  const startedAt = new Date();
  for (const project of projects) tidy(project);
  const result = runTool(["typescript", "tsc"], ["-b", ...(tests ? [] : projects.map(({ config }) => config))]);
  if (result.exitCode === 0) {
    linkHosts();
    mkdirSync(cache, { recursive: true });
    writeFileSync(stamp, "");
    // The start, not the end: a file saved while the compiler ran may not have been read.
    utimesSync(stamp, startedAt, startedAt);
  }
  return result;
}

/**
 * Removes outputs without a source; makes the compiler start afresh when a source has no output.
 *
 * @param {(typeof projects)[number]} project
 */
function tidy({ info, folders }) {
  for (const [from, to] of folders) {
    const expected = new Set(
      list(from)
        .filter((path) => /\.c?ts$/.test(path) && !/\.d\.c?ts$/.test(path))
        .flatMap((path) =>
          outputExtensions.map((extension) =>
            join(to, relative(from, path)).replace(/\.(c?)ts$/, (_, kind) => extension.replace("$", kind)),
          ),
        ),
    );
    for (const path of list(to)) {
      if (!isFolder(path) && !expected.has(path) && !isLinked(path)) rmSync(join(root, path));
    }
    if ([...expected].some((path) => !existsSync(join(root, path)))) rmSync(join(cache, info), { force: true });
  }
}

/**
 * Every file and folder below a folder, as paths relative to the root.
 *
 * @param {string} folder
 * @returns {string[]}
 */
function list(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, String(path)));
}

/** @param {string} path */
function isFolder(path) {
  return statSync(join(root, path)).isDirectory();
}

if (isMain(import.meta.url)) {
  const { exitCode, output } = build();
  process.stderr.write(output);
  process.exitCode = exitCode;
}
