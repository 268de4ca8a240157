import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requireOptional } from "../../dist/config/optional-package.js";
import { MissingPackageError } from "../../dist/errors.js";

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

describe("requireOptional", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "manyhands-"));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** An installed package, by its path. */
  function install(name: string, source: string): string {
    const path = join(folder, `${name}.cjs`);
    writeFileSync(path, source);
    return path;
  }

  it("loads a package that is installed, and loads it once", () => {
    const path = install("counted", "globalThis.timesLoaded = (globalThis.timesLoaded ?? 0) + 1; exports.answer = 42;");
    const first = requireOptional<{ answer: number }>(path, "test");
    expect(first.answer).toBe(42);
    // Not even looked for again, which is what takes long.
    delete createRequire(import.meta.url).cache[realpathSync(path)];
    expect(requireOptional(path, "test")).toBe(first);
    expect((globalThis as { timesLoaded?: number }).timesLoaded).toBe(1);
  });

  it("says what cannot be done, and how to install what is missing", () => {
    const error = thrownBy(() => requireOptional("manyhands-not-there", "read the stars"));
    expect(error).toBeInstanceOf(MissingPackageError);
    expect((error as MissingPackageError).message).toBe(
      "Cannot read the stars as the package 'manyhands-not-there' is not installed: npm install manyhands-not-there",
    );
    expect((error as MissingPackageError).cause).toMatchObject({ code: "MODULE_NOT_FOUND" });
  });

  it("finds a package that is installed after it was missed", () => {
    const path = join(folder, "late.cjs");
    expect(thrownBy(() => requireOptional(path, "test"))).toBeInstanceOf(MissingPackageError);
    install("late", "exports.late = true;");
    expect(requireOptional(path, "test")).toEqual({ late: true });
  });

  it("does not take for missing a package that misses another itself", () => {
    const error = thrownBy(() => requireOptional(install("broken", "require('manyhands-not-there')"), "test"));
    expect(error).not.toBeInstanceOf(MissingPackageError);
    expect(error).toMatchObject({ code: "MODULE_NOT_FOUND" });
  });

  it("hands on what a package throws while it loads, each time", () => {
    const path = install("throws", "throw new RangeError('no luck')");
    for (const _ of [1, 2]) expect(thrownBy(() => requireOptional(path, "test"))).toMatchObject({ message: "no luck" });
  });
});
