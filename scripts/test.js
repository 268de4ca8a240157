// @ts-check
// The whole test command: every check in order, each with its time, up to the first that fails. With arguments only
// the build and the tests, the arguments being vitest's (`npm test -- test/pool -t resize`).
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.js";
import { root, runNode, runTool } from "./tool.js";

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => { exitCode: number, output: string }} run
 */

const report = "build/.cache/vitest.json";
const filters = process.argv.slice(2);

function vitest() {
  rmSync(join(root, report), { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  return runTool(["vitest"], ["run", ...reporters, ...filters], { show: true });
}

/** @returns {string | undefined} */
function counts() {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(join(root, report), "utf8"));
    return `${numPassedTests} passed, ${numFailedTests} failed`;
  } catch {
    return undefined;
  }
}

/** @type {Step[]} */
const steps = [
  { name: "format", run: () => runTool(["oxfmt"], ["--check"]) },
  { name: "lint", run: () => runTool(["oxlint"], ["--type-aware", "--deny-warnings"]) },
  { name: "layers", run: () => runNode(["scripts/check-layers.js"]) },
  { name: "types", run: () => build({ tests: true }) },
  { name: "tests", run: vitest },
  { name: "docs", run: () => runNode(["scripts/check-docs.js"]) },
  { name: "unused", run: () => runTool(["knip"], ["--no-progress"]) },
  { name: "package", run: () => runTool(["publint"], ["--strict"]) },
  { name: "package types", run: () => runTool(["@arethetypeswrong/cli", "attw"], ["--pack", "--profile", "esm-only"]) },
];

const chosen = filters.length > 0 ? steps.filter(({ name }) => name === "types" || name === "tests") : steps;
let summary;
for (const { name, run } of chosen) {
  const startedAt = performance.now();
  const { exitCode, output } = run();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (name === "tests") summary = counts();
  if (exitCode !== 0) {
    process.stdout.write(output);
    console.log(`FAIL ${name} (${seconds} s)`);
    if (name === "tests" && summary) console.log(summary);
    process.exit(1);
  }
  console.log(`ok   ${name} (${seconds} s)`);
}
console.log(summary);
