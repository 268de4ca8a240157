import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { inheritable } from "../../dist/modes/inheritable.js";

const run = promisify(execFile);
const FIXTURE = new URL("../../build/test/fixtures/counter.js", import.meta.url).href;

describe("inheritable", () => {
  it.each([
    [["--input-type=module", "-e", "code"], []],
    [["--input-type", "module", "--eval", "code", "--no-warnings"], ["--no-warnings"]],
    [
      ["--eval=code", "-r", "./first.cjs"],
      ["-r", "./first.cjs"],
    ],
    [
      ["-pe", "1 + 1", "--import", "tsx"],
      ["--import", "tsx"],
    ],
    [["-p", "-e", "1 + 1"], []],
    [["--check", "--conditions=dev"], ["--conditions=dev"]],
    [["-i"], []],
    [["--test", "--test-name-pattern", "it", "--enable-source-maps"], ["--enable-source-maps"]],
    [
      ["--watch", "--watch-path=src", "-C", "dev"],
      ["-C", "dev"],
    ],
    [["--inspect-brk=9229", "--inspect-port", "0", "--expose-gc"], ["--expose-gc"]],
    [
      ["--experimental-vm-modules", "--inspector-something", "--evaluate"],
      ["--experimental-vm-modules", "--inspector-something", "--evaluate"],
    ],
    [[], []],
  ])("leaves of %j what a child can have as well", (execArgv, expected) => {
    expect(inheritable(execArgv)).toEqual(expected);
  });
});

describe("a program that is given as text", () => {
  const program = `
    const { CounterWorker } = await import(${JSON.stringify(FIXTURE)});
    for (const [mode, options] of [["thread", {}], ["process", {}], ["thread", { blocking: true }]]) {
      const pool = CounterWorker.options({ mode, maxWorkers: 1, ...options }).init(1);
      console.log(mode, await pool.increment(2));
      await pool.stop();
    }`;

  // With flags that a process may have and a thread may not.
  it.each([
    ["--input-type=module", "-e"],
    ["--expose-gc", "--input-type", "module", "--eval"],
  ])("has workers: %s %s", { timeout: 20_000 }, async (...flags) => {
    const { stdout } = await run(process.execPath, [...flags, program], { timeout: 18_000, killSignal: "SIGKILL" });
    expect(stdout).toBe("thread 3\nprocess 3\nthread 3\n");
  });
});
