import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import * as errors from "../dist/errors.js";
import { PlaceWorker } from "#fixtures/place.js";

/** As the compiler made it, and as it is after modules were linked. */
const COMPILED = new URL("../build/lib/", import.meta.url);
const DIST = new URL("../dist/", import.meta.url);
const IMPORTS = /^(?:import|export)\b[^;"]*"([^"]+)";/gm;

/** Modules that a file loads at once, itself included. */
function loadedBy(path: string, folder: URL, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, specifier] of readFileSync(new URL(path, folder), "utf8").matchAll(IMPORTS)) {
    if (specifier!.startsWith(".")) loadedBy(posix.join(posix.dirname(path), specifier!), folder, found);
  }
  return found;
}

describe("the start of a host", () => {
  it.each(["thread", "packed-thread", "process"])("of kind %s loads one file", (kind) => {
    const program = `host/linked/${kind}-entry.js`;
    expect([...loadedBy(program, DIST)].toSorted()).toEqual([program]);
  });

  it.each(["thread", "packed-thread", "process"])("of kind %s has the error classes of the library", async (kind) => {
    const program = (await import(new URL(`host/linked/${kind}-entry.js`, DIST).href)) as typeof errors;
    const { ERROR_CLASSES, ...classes } = errors;
    expect(Object.keys(ERROR_CLASSES)).not.toEqual([]);
    for (const [name, ErrorClass] of Object.entries(classes)) expect(Reflect.get(program, name)).toBe(ErrorClass);
  });

  it("loads nothing that most workers do not need", () => {
    const modules = [...loadedBy("host-index.js", COMPILED, loadedBy("host/thread-entry.js", COMPILED))].toSorted();
    const kinds = /^(?:errors|host-index|registry|worker-base)\.js$|^(?:config|host|wire)\//;
    const known = ["limits/holdings.js", "limits/unlimited.js", "scope/current-scope.js", "task-target.js"];
    expect(modules.filter((path) => !kinds.test(path))).toEqual(known);
    expect(modules.length, modules.join("\n")).toBeLessThanOrEqual(54);
  });

  it.each(["thread", "process"] as const)("is that of the linked program in mode %s", async (mode) => {
    await using pool = PlaceWorker.options({ mode, maxWorkers: 1 }).init();
    expect(await pool.library()).toMatch(new RegExp(`host/linked/${mode}-entry\\.js$`));
  });
});
