import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { TaskPool, worker } from "manyhands";
import { definitionFor } from "../../dist/definitions/definition.js";
import { loadDefinitions } from "../../dist/distributed/definitions/load-definitions.js";
import { variableName } from "../../dist/definitions/variable-name.js";
import { versionOf } from "../../dist/definitions/version-of.js";

const built = (name: string): string =>
  fileURLToPath(new URL(`../../build/test/fixtures/definitions/${name}.js`, import.meta.url));

it("finds workers and tasks by name, those that a module imports too", async () => {
  await new TaskPool({ mode: "async" }).stop();
  const found = await loadDefinitions([built("shop")]);
  expect([...found].map(([name, { kind }]) => `${kind} ${name}`).sort()).toEqual([
    "task add",
    "task double",
    "task nested",
    // The default export, after its file.
    "task shop",
    "task steady",
    "task typed",
    "worker Till",
  ]);
  const till = found.get("Till")!;
  expect(till).toBe(definitionFor(till.registration));
  expect(till.version).toMatch(/^[\da-f]{12}$/);
  expect(found.get("steady")!.version).toBe("2.1.0-rc");
  // A second node in the same program.
  expect(await loadDefinitions([built("shop")])).toEqual(found);
});

it("tells the same in every process", async () => {
  const found = await loadDefinitions([built("parts"), built("shop")]);
  const script = `
    import { loadDefinitions } from ${JSON.stringify(new URL("../../dist/distributed/definitions/load-definitions.js", import.meta.url))};
    const found = await loadDefinitions(${JSON.stringify([built("shop")])});
    console.log(JSON.stringify(Array.from(found.values(), ({ name, version }) => name + " " + version).sort()));
  `;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(JSON.parse(out)).toEqual(Array.from(found.values(), ({ name, version }) => `${name} ${version}`).sort());
});

it("has another version when the class, or one that it extends, is another", () => {
  const versions = [
    () => class extends class {} {},
    () =>
      class extends class {
        more = 1;
      } {},
    () =>
      class extends class {
        more = 2;
      } {},
    () =>
      class {
        more = 1;
      },
    () => class extends Map {},
  ].map((make) => versionOf(worker(import.meta, make(), { name: "Some" }).registration));
  expect(new Set(versions).size).toBe(5);
});

it.each<[string, string[], string]>([
  ["no module", [], "as no module was named: name those that call worker() and task()"],
  ["a file that is not there", ["./nowhere.js"], "Cannot load './nowhere.js' as there is no such file: write its path"],
  ["a URL of such a file", ["file:///nowhere.js"], "Cannot load 'file:///nowhere.js' as there is no such file"],
  ["what defines nothing", ["data:text/javascript,export%20{}"], "none: call worker() or task() at the top level"],
  ["what throws", ["data:text/javascript,throw%20new%20RangeError('far')"], "as it threw RangeError: far"],
  ["one name twice", [built("shop"), built("rival")], "Cannot load definitions as 'Till' is defined by both file:"],
  [
    "a module that uses what it defines",
    [built("opener")],
    "Cannot start a pool of 'task' as a worker is just loading",
  ],
])("refuses %s", async (_what, modules, message) => {
  await expect(loadDefinitions(modules, true)).rejects.toThrow(message);
  await expect(loadDefinitions(modules, true)).rejects.toMatchObject({ code: "MH_DEFINITION" });
});

it.each([5, "", "a b", "x".repeat(65)])("refuses the version %j", (version) => {
  const define = (): unknown => worker(import.meta, class One {}, { version: version as string });
  expect(define).toThrow(/^Cannot set 'version' as it must be 1 to 64 letters, digits/);
});

it("reads no variable where there is none, and never throws", () => {
  const stack = (row: number, column: number): string => `Error\n    at ${import.meta.url}:${row}:${column}`;
  expect(variableName(stack(9, 15), import.meta.url)).toBeUndefined();
  expect(variableName(stack(12, 3), import.meta.url)).toBeUndefined();
  expect(variableName(stack(1, 1), "file:///nowhere.js")).toBeUndefined();
  expect(variableName("", import.meta.url)).toBeUndefined();
  expect(variableName(stack(1, 1), "data:text/javascript,1")).toBeUndefined();
});
