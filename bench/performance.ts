/**
 * Fills `docs/performance.md` with the figures in `bench/results` and draws its plots: `node build/bench/performance.js`.
 * With `--check` it writes nothing, and fails where they differ. The formatter aligns the tables afterwards.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fillDocument } from "./plot/fill-document.js";
import { drawPlots } from "./plot/plots.js";
import type { Results } from "./report.js";
import type { Soak } from "./soak-growth.js";

const root = new URL("../../", import.meta.url);
const isCheck = process.argv.includes("--check");
const stale: string[] = [];

const results = read<Results>("bench/results/pools.json");
const soaks = ["thread", "process"]
  .map((mode) => `bench/results/soak-${mode}.json`)
  .filter((path) => existsSync(new URL(path, root)))
  .map((path) => read<Soak>(path));

put(
  "docs/performance.md",
  fillDocument(readFileSync(new URL("docs/performance.md", root), "utf8"), { results, soaks }),
);
for (const [name, svg] of drawPlots(results)) put(`docs/plots/${name}.svg`, svg);
if (stale.length > 0) {
  process.stderr.write(`Cannot trust ${stale.join(", ")} as the figures are others: run 'npm run bench:plot'\n`);
  process.exitCode = 1;
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, root), "utf8")) as T;
}

function put(path: string, content: string): void {
  const url = new URL(path, root);
  const before = existsSync(url) ? readFileSync(url, "utf8") : "";
  if (loose(before) === loose(content)) return;
  if (isCheck) {
    stale.push(path);
    return;
  }
  mkdirSync(new URL("./", url), { recursive: true });
  writeFileSync(url, content);
}

/** Without what the formatter changes. */
function loose(content: string): string {
  return content
    .replaceAll(/ +/g, " ")
    .replaceAll(/-{3,}/g, "---")
    .replaceAll(/\n{3,}/g, "\n\n");
}
