/** Runs the seven recipes against the simulated model, in one process that must end by itself. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const FOLDER = join(import.meta.dirname, "../../build/examples/prompts");
const SOURCES = join(import.meta.dirname, "../../examples/prompts");
const TIMEOUT_MS = 60_000;
const RECIPES = [
  "completion-order",
  "input-order",
  "queue-workers",
  "gather",
  "as-completed",
  "pipeline",
  "queue-service",
] as const;
type Recipe = (typeof RECIPES)[number];

/** What tells the answer to each question; the third has none. */
const SIGNS = [
  "GROUP BY city",
  "ORDER BY sold",
  undefined,
  "delivered_on IS NULL",
  "AS spent",
  "NOT IN (SELECT product_id",
] as const;

/** What each recipe printed, by lines. */
const printed: Partial<Record<Recipe, readonly string[]>> = {};

/** The results of a recipe in the order in which they were printed, and the lines after them. */
function resultsOf(recipe: Recipe): { results: Map<number, string>; rest: readonly string[] } {
  const results = new Map<number, string>();
  const rest: string[] = [];
  let current: number | undefined;
  for (const line of printed[recipe] ?? []) {
    const [, number] = /^(\d)\. /.exec(line) ?? [];
    if (number !== undefined) {
      current = Number(number);
      expect(results.has(current)).toBe(false);
      results.set(current, "");
    } else if (line.startsWith("   ") && rest.length === 0) results.set(current!, `${results.get(current!)}${line}`);
    else rest.push(line);
  }
  return { results, rest };
}

beforeAll(async () => {
  const isOurs = (name: string): boolean => !/^(?:SELECT_AI|OPENAI)_/.test(name);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => isOurs(name)));
  const program =
    `for (const name of ${JSON.stringify(RECIPES)}) { ` +
    `console.log("## " + name); await import(${JSON.stringify(`${pathToFileURL(FOLDER).href}/`)} + name + ".js"); }`;
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", program], {
    env,
    timeout: TIMEOUT_MS,
  });
  expect(stderr).toMatch(/^(?:A SIMULATED model answers: .{1,60}\n){7}$/);
  for (const part of stdout.split("## ").slice(1)) {
    const [name, ...lines] = part.trimEnd().split("\n");
    printed[name as Recipe] = lines;
  }
}, TIMEOUT_MS);

describe("recipes", () => {
  it("are all there", () => {
    const names = readdirSync(SOURCES).map((name) => name.slice(0, -".ts".length));
    for (const name of RECIPES) expect(names).toContain(name);
    expect(Object.keys(printed)).toEqual(RECIPES);
  });

  it.each(RECIPES)("%s has a result for every question, the one that fails among them", (recipe) => {
    const { results } = resultsOf(recipe);
    expect([...results.keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const [index, sign] of SIGNS.entries()) {
      const result = results.get(index + 1)!;
      if (sign === undefined) expect(result).toMatch(/^ {3}failed: /);
      else {
        expect(result).toContain(sign);
        expect(result).not.toContain("failed");
      }
    }
  });

  it.each(["input-order", "queue-workers", "gather", "pipeline", "queue-service"] as const)(
    "%s prints in the order of the questions",
    (recipe) => {
      expect([...resultsOf(recipe).results.keys()]).toEqual([1, 2, 3, 4, 5, 6]);
    },
  );

  it.each(RECIPES)("%s prints what fits 80 columns", (recipe) => {
    expect((printed[recipe] ?? []).filter((line) => line.length > 80)).toEqual([]);
  });

  it("tell what the originals lack", () => {
    expect(resultsOf("input-order").rest).toEqual(["5 answered, 1 failed"]);
    expect(resultsOf("queue-workers").rest).toEqual([
      "6 of 6 processed",
      "The producer was told, with the error of the consumer: true",
      expect.stringMatching(/^ {3}Cannot .* as its last consumer failed/),
      expect.stringMatching(/^ {3}/),
    ]);
    expect(resultsOf("gather").rest).toEqual(["all or nothing: InvalidSqlError - still asked: 0"]);
    expect(resultsOf("as-completed").rest).toEqual(["enough: 2 - still asked: 0"]);
    expect(resultsOf("pipeline").rest).toEqual(["without continueOnError: InvalidSqlError"]);
    expect(resultsOf("queue-service").rest).toEqual([
      "7 questions were processed",
      "what was accepted has ended: fulfilled",
      "what comes later is refused: true",
    ]);
  });
});
