import { CallLimit } from "manyhands";
import { describe, expect, it } from "vitest";
import { BlockedWorker } from "#fixtures/limited-blocking.js";
import { MODES, REMOTE_MODES, usual } from "./modes.js";
import { runProgram } from "./run-program.js";

describe.each(MODES)("a program with limits in mode %s", (mode) => {
  it("ends by itself when nobody waits for them, and not before", async () => {
    const result = await runProgram("forgotten-limits.js", [mode]);
    expect(result).toMatchObject({ code: 0, stdout: "5 used\n", stderr: "" });
  });
});

describe.each(REMOTE_MODES)("a pool that blocks in mode %s", (mode) => {
  it("keeps to the limits of the definition", () => {
    using pool = BlockedWorker.options({ mode, maxWorkers: 1, blocking: true }).init();
    const begun = Array.from({ length: 6 }, () => pool.began());
    // Two in 200 ms: the fifth waits for two windows.
    expect(begun[4]! - begun[0]!).toBeGreaterThanOrEqual(400);
    expect(pool.limited()).toEqual({ calls: 1 });
    expect(pool.stats().limits[0]).toMatchObject({ waiting: 0 });
  });

  it("refuses those of its options", () => {
    const limits = [new CallLimit({ capacity: 2, window: 200 })];
    const open = () => BlockedWorker.options({ ...usual(mode), blocking: true, limits }).init();
    expect(open).toThrow(TypeError);
    expect(open).toThrow(/Cannot set 'limits'.*blocks.*in the definition/);
  });
});

describe("a pool that blocks in mode sync", () => {
  it("says that a call would have to wait for a limit", () => {
    using pool = BlockedWorker.options({ mode: "sync", blocking: true }).init();
    expect(pool.began()).toBeGreaterThan(0);
    expect(pool.began()).toBeGreaterThan(0);
    expect(() => pool.began()).toThrow(/waits for a limit/);
  });
});
