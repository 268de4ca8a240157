import { afterEach, describe, expect, it, vi } from "vitest";
import { forcedMode } from "../../dist/config/forced-mode.js";
import { MODES } from "../../dist/config/mode.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("forcedMode", () => {
  it.each([...MODES])("is %s when MANYHANDS_MODE says so", (mode) => {
    vi.stubEnv("MANYHANDS_MODE", mode);
    expect(forcedMode()).toBe(mode);
  });

  it.each([undefined, ""])("is undefined when MANYHANDS_MODE is %j", (value) => {
    vi.stubEnv("MANYHANDS_MODE", value);
    expect(forcedMode()).toBeUndefined();
  });

  it("is read at each call", () => {
    vi.stubEnv("MANYHANDS_MODE", "sync");
    expect(forcedMode()).toBe("sync");
    vi.stubEnv("MANYHANDS_MODE", "thread");
    expect(forcedMode()).toBe("thread");
  });

  it.each([
    ["treads", ", did you mean 'thread'?"],
    ["SYNC", ", did you mean 'sync'?"],
    ["distributed-somehow", ""],
  ])("refuses %s", (value, hint) => {
    vi.stubEnv("MANYHANDS_MODE", value);
    expect(forcedMode).toThrow(
      new TypeError(
        `Cannot take the mode from the environment variable 'MANYHANDS_MODE' as it must be one of 'sync', 'async', ` +
          `'thread', 'process', 'distributed': current value is '${value}'${hint}`,
      ),
    );
  });
});
