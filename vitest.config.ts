import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/fixtures/**"],
    globalSetup: ["scripts/link.js", "test/redis-setup.ts"],
    pool: "forks",
    // A file costs less than a process to load it in: they leave nothing behind.
    isolate: false,
    // One more than cores: tests wait a good part of their time, for threads, processes and timers.
    maxWorkers: 3,
    testTimeout: 30_000,
    // Brokers of tests are given up after a second or so, which a machine that is busy with other tests may take.
    retry: { count: 1, condition: /as the broker .* answer|Matcher did not succeed in time/ },
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
