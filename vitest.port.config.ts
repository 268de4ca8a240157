import { defineConfig } from "vitest/config";
import usual from "./vitest.config.js";

/** The conformance suite without the fast path of threads and processes. */
export default defineConfig({
  test: {
    ...usual.test,
    include: ["test/conformance/*.test.ts"],
    // Two compare both themselves, others set what is configured, or make no pools of these modes in this process.
    exclude: ["test/conformance/{transports,blocking-direct,configuration,programs,limits-programs}.test.ts"],
    globalSetup: ["scripts/link.js"],
    setupFiles: ["test/conformance/without-fast-path.ts"],
    env: { MANYHANDS_TEST_TRANSPORT: "port" },
  },
});
