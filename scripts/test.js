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
/** Tests that say most about the wire; `npm run test:port` runs all of the suite. */
const wireTests = ["calls", "values", "errors", "cancelling", "deaths"];

/** @param {readonly string[]} args */
function vitest(args) {
  rmSync(join(root, report), { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const result = runTool(["vitest"], ["run", ...reporters, ...args], { show: true });
  count();
  return result;
}

/** Tests of all runs so far. */
const counts = { passed: 0, failed: 0 };

function count() {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(join(root, report), "utf8"));
    counts.passed += numPassedTests;
    counts.failed += numFailedTests;
  } catch {
    // It ended before there was a report; that it failed is seen by its exit code.
  }
}

function summarize() {
  if (counts.passed + counts.failed > 0) console.log(`${counts.passed} passed, ${counts.failed} failed`);
}

/** @type {Step[]} */
const steps = [
  { name: "format", run: () => runTool(["oxfmt"], ["--check"]) },
  { name: "lint", run: () => runTool(["oxlint"], ["--type-aware", "--deny-warnings"]) },
  { name: "layers", run: () => runNode(["scripts/check-layers.js"]) },
  { name: "types", run: () => build({ tests: true }) },
  { name: "tests", run: () => vitest(filters) },
  {
    name: "tests without the fast path",
    run: () =>
      vitest(["--config=vitest.port.config.ts", ...wireTests.map((name) => `test/conformance/${name}.test.ts`)]),
  },
  { name: "docs", run: () => runNode(["scripts/check-docs.js"]) },
  { name: "unused", run: () => runTool(["knip"], ["--no-progress", "--tsConfig", "tsconfig.knip.json"]) },
  { name: "package", run: () => runTool(["publint"], ["--strict"]) },
  { name: "package types", run: () => runTool(["@arethetypeswrong/cli", "attw"], ["--pack", "--profile", "esm-only"]) },
];

const chosen = filters.length > 0 ? steps.filter(({ name }) => name === "types" || name === "tests") : steps;
for (const { name, run } of chosen) {
  const startedAt = performance.now();
  const { exitCode, output } = run();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (exitCode !== 0) {
    process.stdout.write(output);
    console.log(`FAIL ${name} (${seconds} s)`);
    summarize();
    process.exit(1);
  }
  console.log(`ok   ${name} (${seconds} s)`);
}
summarize();
