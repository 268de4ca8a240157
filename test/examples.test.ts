/** Runs each numbered example as a program of its own and holds its output to what its source says. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const HEADING = "// Output:\n";
/** What examples that show progress write, by lines; `…` stands for what differs from run to run. */
const STDERR_HEADING = "// On stderr, where that is not a terminal:\n";
const TIMEOUT_MS = 60_000;

const names = readdirSync(join(root, "examples"))
  .filter((name) => /^\d\d-.*\.ts$/.test(name) && !name.endsWith(".worker.ts"))
  .map((name) => name.slice(0, -".ts".length));

const withoutSlashes = (comment: string): string => comment.replaceAll(/^\/\/ ?/gm, "");

/** The comment at the end of an example, without its slashes. */
function outputOf(source: string): string {
  const at = source.lastIndexOf(HEADING);
  if (at < 0) return "(the example ends without a comment '// Output:')";
  const [stdout = ""] = source.slice(at + HEADING.length).split(`//\n${STDERR_HEADING}`);
  return withoutSlashes(stdout);
}

function stderrOf(source: string): RegExp {
  const [, stderr = ""] = source.split(STDERR_HEADING);
  const parts = withoutSlashes(stderr).split("…");
  return new RegExp(`^${parts.map((part) => part.replaceAll(/[^\w\s]/g, "\\$&")).join(".*")}$`);
}

describe("examples", () => {
  it("are numbered without a gap", () => {
    expect(names.length).toBeGreaterThan(0);
    expect(names.map((name) => Number(name.slice(0, 2)))).toEqual(names.map((_, index) => index + 1));
  });

  it.each(names)(
    "%s prints what it says",
    async (name) => {
      const source = readFileSync(join(root, "examples", `${name}.ts`), "utf8");
      const { stdout, stderr } = await run(process.execPath, [join(root, "build/examples", `${name}.js`)], {
        timeout: TIMEOUT_MS,
      });
      expect(stdout).toBe(outputOf(source));
      expect(stderr).toMatch(stderrOf(source));
    },
    TIMEOUT_MS,
  );

  it.each(names)("%s opens with two to four lines on what it shows", (name) => {
    const lines = readFileSync(join(root, "examples", `${name}.ts`), "utf8").split("\n");
    const length = lines.findIndex((line) => !line.startsWith("// "));
    expect(length).toBeGreaterThanOrEqual(2);
    expect(length).toBeLessThanOrEqual(4);
  });
});
