import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import * as later from "../dist/config/later-errors.js";
import * as errors from "../dist/errors.js";
import { PlaceWorker } from "#fixtures/place.js";

const dist = new URL("../dist/", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, dist), "utf8");
const IMPORTS = /^(?:import|export)\b[^;"]*"([^"]+)";/gm;
const importsOf = (path: string): string[] => [...read(path).matchAll(IMPORTS)].map(([, specifier]) => specifier!);

/** Modules that a file loads at once, itself included. */
function loadedBy(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const specifier of importsOf(path)) {
    if (specifier.startsWith(".")) loadedBy(posix.join(posix.dirname(path), specifier), found);
  }
  return found;
}

describe("the start of a host", () => {
  it.each(["thread", "process"])("of mode %s loads one file", (mode) => {
    const program = `host/linked/${mode}-entry.js`;
    expect([...loadedBy(program)].toSorted()).toEqual([program]);
  });

  it("has stand-ins for all error classes, and each is that class once it is used", () => {
    expect(Object.keys(later).toSorted()).toEqual(Object.keys(errors).toSorted());
    expect({ ...later.ERROR_CLASSES }).toEqual(errors.ERROR_CLASSES);
    expect(new later.CancelledError("Stop")).toBeInstanceOf(errors.CancelledError);
    expect(new errors.TimeoutError("Late", 5)).toBeInstanceOf(later.ManyhandsError);
    expect(later.ManyhandsError.is(new errors.TimeoutError("Late", 5))).toBe(true);
  });

  it("loads nothing that most workers do not need", () => {
    const modules = [...loadedBy("host-index.js", loadedBy("host/thread-entry.js"))].toSorted();
    const kinds = /^(?:errors|host-index|registry|worker-base)\.js$|^(?:config|host|wire)\//;
    const known = ["limits/holdings.js", "limits/unlimited.js", "scope/current-scope.js"];
    expect(modules.filter((path) => !kinds.test(path))).toEqual(known);
    expect(modules.length, modules.join("\n")).toBeLessThanOrEqual(50);
  });

  it.each(["thread", "process"] as const)("is that of the linked program in mode %s", async (mode) => {
    await using pool = PlaceWorker.options({ mode, maxWorkers: 1 }).init();
    expect(await pool.library()).toMatch(new RegExp(`host/linked/${mode}-entry\\.js$`));
  });
});
