import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as manyhands from "manyhands";
import { worker, WorkerStartError } from "manyhands";
import { describe, expect, it } from "vitest";

class Local {
  greet(): string {
    return "Hello";
  }
}

const LocalWorker = worker(import.meta, Local);

describe("a worker defined in a test file", () => {
  it.each(["thread", "process"] as const)(
    "cannot be loaded in mode %s, which its calls say with the remedy",
    async (mode) => {
      await using pool = LocalWorker.options({ mode, maxWorkers: 1 }).init();
      const error = await pool.greet().exception();
      expect(error).toBeInstanceOf(WorkerStartError);
      expect((error as Error).message).toMatch(
        /^Cannot start a worker of 'Local': DefinitionError: Cannot load file:.*definition-place\.test\.ts as it is a test file, which only what runs the tests can load \(.*\): move the worker class into a module of its own, or use mode 'async' or 'sync'$/,
      );
    },
  );

  it.each(["sync", "async"] as const)("works in mode %s", async (mode) => {
    await using pool = LocalWorker.options({ mode }).init();
    expect(await pool.greet()).toBe("Hello");
  });
});

describe("the library, without the files that workers begin with", () => {
  it.each(["thread", "process"] as const)("says at once that it must not be bundled, in mode %s", async (mode) => {
    const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
    try {
      const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
      cpSync(dist, join(folder, "dist"), { recursive: true, filter: (path) => path !== join(dist, "host", "linked") });
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      const { href } = pathToFileURL(join(folder, "dist", "index.js"));
      const copy = (await import(href)) as typeof manyhands;
      const definition = copy.worker(pathToFileURL(join(folder, "greeter.js")), Local);
      expect(() => definition.options({ mode }).init()).toThrow(
        /^Cannot start a pool of 'Local' as the file .* is missing: manyhands must not be bundled, so leave it external: .*-entry\.js$/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
