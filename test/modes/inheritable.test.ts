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
    [["--conditions=manyhands-linked-process", "--expose-gc"], ["--expose-gc"]],
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
    const open = (options) => CounterWorker.options({ maxWorkers: 1, ...options }).init(1);
    const blocking = open({ mode: "thread", blocking: true });
    const pools = [open({ mode: "thread" }), open({ mode: "process" })];
    const counts = await Promise.all(pools.map((pool) => pool.increment(2)));
    console.log(...counts, blocking.increment(2));
    blocking.stop();
    await Promise.all(pools.map((pool) => pool.stop()));`;

  it("has workers, beside flags that a process may have and a thread may not", { timeout: 60_000 }, async () => {
    const flags = ["--expose-gc", "--input-type", "module", "--eval"];
    const options = { timeout: 58_000, killSignal: "SIGKILL" } as const;
    expect((await run(process.execPath, [...flags, program], options)).stdout).toBe("3 3 3\n");
  });
});
