// @ts-check
// Compiles src, of which `link.js` makes dist, and test/fixtures, examples and bench into build. The compiler works
// incrementally; this file owns what it does not do: removing the outputs of sources that are gone, and noticing outputs that
// are.
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { isLinkStale, linkDist } from "./link.js";
import { isMain, root, runTool } from "./tool.js";

const cache = join(root, "build/.cache");
const stamp = join(cache, "build-stamp");

const CODE = [".$js", ".$js.map"];
const TYPES = [".d.$ts"];

/**
 * A source `x.ts` becomes files of these extensions, a source `x.cts` ones with `cjs` and so on.
 *
 * @type {{ config: string, info: string, folders: [from: string, to: string, extensions: string[]][] }[]}
 */
const projects = [
  {
    config: "tsconfig.src.json",
    info: "src.tsbuildinfo",
    folders: [
      ["src", "build/lib", CODE],
      ["src", "dist", TYPES],
    ],
  },
  {
    config: "tsconfig.programs.json",
    info: "programs.tsbuildinfo",
    folders: [
      ["test/fixtures", "build/test/fixtures", [...CODE, ...TYPES]],
      ["examples", "build/examples", [...CODE, ...TYPES]],
      ["bench", "build/bench", [...CODE, ...TYPES]],
    ],
  },
];
const settings = ["package.json", "tsconfig.base.json", ...projects.map(({ config }) => config)];

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
    linkDist();
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
  for (const [from, to, extensions] of folders) {
    const expected = new Set(
      list(from)
        .filter((path) => /\.c?ts$/.test(path) && !/\.d\.c?ts$/.test(path))
        .flatMap((path) =>
          extensions.map((extension) =>
            join(to, relative(from, path)).replace(/\.(c?)ts$/, (_, kind) => extension.replace("$", kind)),
          ),
        ),
    );
    for (const path of list(to)) {
      const isOurs = !isFolder(path) && (extensions !== TYPES || path.endsWith(".ts"));
      if (isOurs && !expected.has(path)) rmSync(join(root, path));
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
