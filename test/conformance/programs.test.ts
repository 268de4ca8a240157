import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ShouterWorker } from "./compiled-typescript-worker.js";
import { MODES, REMOTE_MODES, SPAWNING_MODES } from "./modes.js";
import { isAlive, runProgram, startProgram } from "./run-program.js";
import { GreeterWorker } from "./typescript-worker.js";
import { until } from "./until.js";

describe("a worker defined in the main script", () => {
  it.each(REMOTE_MODES)("is refused in mode %s, with the remedy", async (mode) => {
    const { stdout, code } = await runProgram("defined-in-main.js", [mode]);
    expect(stdout).toMatch(
      /^DefinitionError: .* defined in the main script.*module of its own, which a bundler must keep a file of its own, or/,
    );
    expect(code).toBe(0);
  });

  it.each(["sync", "async"])("works in mode %s", async (mode) => {
    expect((await runProgram("defined-in-main.js", [mode])).stdout).toBe("Hello, main\n");
  });
});

describe.each(SPAWNING_MODES)("a module that starts a pool in mode %s", (mode) => {
  it.each(["", "late"])("as it loads (%s) does not fork without end", async (late) => {
    const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
    const journal = join(folder, "loads");
    try {
      const env = { SELF_START_MODE: mode, SELF_START_LATE: late, SELF_START_JOURNAL: journal };
      const { stdout } = await runProgram("use-self-starting.js", [], env);
      expect(stdout).toMatch(late ? /^Hello, module\n|^Cannot/ : /just loading .*self-starting\.js.*module of its own/);
      expect(readFileSync(journal, "utf8").trim().split("\n").length).toBeLessThanOrEqual(10);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.each(MODES)("a program in mode %s", (mode) => {
  it("ends by itself when its pool is idle and forgotten, and not before its calls are over", async () => {
    const result = await runProgram("forgotten-pool.js", [mode]);
    expect(result).toMatchObject({ code: 0, stdout: "slept 150\n", stderr: "" });
  });
});

describe("a program", () => {
  it("is told once of an error that nobody looked at", async () => {
    const { code, stdout, stderr } = await runProgram("unobserved.js");
    expect(code).toBe(0);
    expect(stdout).toBe("Error: seen late\n");
    expect(stderr.match(/Nobody looked at the error of Counter\.fail/g)).toHaveLength(1);
    expect(stderr).toContain("never seen");
    expect(stderr).not.toContain("seen late");
  });

  it("killed with SIGKILL leaves no child behind, a stuck one included", async () => {
    const { child, firstLine, result } = startProgram("parent.js");
    const pids = (await firstLine).split(" ").map(Number);
    expect(pids.every(isAlive)).toBe(true);
    child.kill("SIGKILL");
    await result;
    await until(() => !pids.some(isAlive));
  });

  it("that exits kills the children that are stuck", async () => {
    const { code, stdout } = await runProgram("exits-while-busy.js");
    expect(code).toBe(7);
    await until(() => !isAlive(Number(stdout)));
  });

  it("can have a pool stop at SIGTERM", async () => {
    const { child, firstLine, result } = startProgram("handles-signals.js");
    expect(await firstLine).toBe("ready");
    child.kill("SIGTERM");
    expect(await result).toMatchObject({
      code: 143,
      stdout: expect.stringMatching(/waiting: PoolStoppedError\nrunning: 300\n/),
    });
  });

  it("may be CommonJS, and its worker modules too", async () => {
    const result = await runProgram("use-common-js.cjs");
    expect(result).toMatchObject({ code: 0, stdout: "thread 42\nprocess 42\n" });
  });
});

describe.each(REMOTE_MODES)("a TypeScript worker module in mode %s", (mode) => {
  it("is loaded as it is", async () => {
    await using pool = GreeterWorker.options({ mode, maxWorkers: 1 }).init("Hello");
    expect(await pool.greet("types")).toBe("Hello, types!");
  });
});

describe.each(SPAWNING_MODES)("a TypeScript worker module in mode %s", (mode) => {
  it("with syntax that cannot be stripped is compiled by tsx, or refused with the remedy", async () => {
    const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript);
    await using pool = ShouterWorker.options({ mode, maxWorkers: 1 }).init("Hello");
    if (stripsTypes) await expect(pool.greet("types")).rejects.toThrow(/strips its types.*--import tsx/);
    else expect(await pool.greet("types")).toBe("Hello, types!");
    await using compiling = ShouterWorker.options({
      mode,
      maxWorkers: 1,
      execArgv: ["--import", import.meta.resolve("tsx")],
    }).init("Hi");
    expect(await compiling.greet("tsx")).toBe("Hi, tsx!");
  });
});
