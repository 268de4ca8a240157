import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/fixtures/**"],
    pool: "forks",
    // A file costs less than a process to load it in: they leave nothing behind.
    isolate: false,
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 10_000,
    reporters: ["default"],
    server: {
      deps: {
        // Built files are loaded by Node itself: a class imported by a test is then the very class the library sees.
        external: [/\/dist\//, /\/build\//],
      },
    },
  },
});
