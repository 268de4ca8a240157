import { ProgressBar } from "manyhands";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StepperWorker } from "#fixtures/stepper.js";
import { POOL_MODES, REMOTE_MODES } from "../conformance/modes.js";
import { runProgram } from "../conformance/run-program.js";
import { LineCollector, TerminalEmulator, useTerminal } from "./terminal-emulator.js";

let terminal: TerminalEmulator;

beforeEach(() => {
  useTerminal();
  terminal = new TerminalEmulator(60);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function shows(...lines: RegExp[]): Promise<void> {
  return vi.waitFor(
    async () => expect(await terminal.lines()).toEqual(lines.map((line) => expect.stringMatching(line))),
    { timeout: 10_000, interval: 20 },
  );
}

describe.each(POOL_MODES)("a bar that follows calls in mode %s", (mode) => {
  it("shows what each says and how it ends, and counts it when it is settled", async () => {
    await using pool = StepperWorker.options({ mode, maxWorkers: 2 }).init();
    const bar = new ProgressBar<never>({ stream: terminal, total: 3, description: "calls" });
    const returned = bar.follow(pool.run(1, 4, "return"));
    await shows(/^. calls .* 0% .*0\/3/, /^ {2}. worker [01] .* 25%/);
    const thrown = bar.follow(pool.run(1, 2, "throw"), { description: "thrown" });
    await shows(/^. calls .* 0% .*0\/3/, /^ {2}. worker [01] .* 25%/, /^ {2}. thrown .* 50%/);
    await pool.broadcast.release();
    await expect(returned).resolves.toBe(4);
    await expect(thrown).rejects.toThrow("Broken on the way");
    await bar.follow(pool.quiet());
    expect([bar.done, bar.failures]).toEqual([3, 1]);
    bar.succeed();
    await shows(/^✓ calls .* 100% .*1 failed/, /^ {2}✗ thrown .* 50%/);

    // A call that is cancelled, one that says what makes no sense, and one that the bar does not live to see.
    const other = new ProgressBar<never>({ stream: new LineCollector(), total: 2 });
    const cancelled = other.follow(pool.run(1, 4, "return"));
    cancelled.cancel();
    await expect(cancelled).rejects.toThrow();
    await expect(other.follow(pool.nonsense())).resolves.toBe("done");
    expect([other.done, other.failures]).toEqual([2, 1]);
    other.succeed();
    await expect(other.follow(pool.steps(3))).resolves.toBe(3);
    expect(other.done).toBe(2);

    if (!REMOTE_MODES.includes(mode)) return;
    const last = new ProgressBar<never>({ stream: terminal, total: 1, description: "last" });
    const dying = last.follow(pool.run(3, 4, "exit"));
    await shows(/calls/, /thrown/, /^. last .* 0%/, /^ {2}. worker [01] .* 75%/);
    await pool.broadcast.release().catch(() => undefined);
    await expect(dying).rejects.toMatchObject({ code: "MH_WORKER_CRASHED" });
    last.fail();
    await shows(/calls/, /thrown/, /^✗ last .* 100%.*1 failed/, /^ {2}✗ worker [01] .* 75%/);
  });
});

describe("a bar that follows calls", () => {
  it("counts those that are settled when they are given to it, without a bar of their own", async () => {
    await using pool = StepperWorker.options({ mode: "sync" }).init();
    const output = new LineCollector();
    const bar = new ProgressBar<never>({ stream: output, total: 2, description: "calls" });
    expect(await bar.follow(pool.steps(3))).toBe(3);
    expect(bar.done).toBe(1);
    bar.succeed();
    expect(output.lines).toHaveLength(2);
  });
});

describe("a program that ends while bars are live", () => {
  const env = { CI: "", TERM: "xterm", FORCE_COLOR: "0", LANG: "C.UTF-8" };

  // A signal that nobody listens to ends a program without a last frame: what is on the terminal then must do.
  const ways = process.platform === "win32" ? ["exit", "throw", "forget"] : ["exit", "throw", "forget", "kill"];
  const ends = [
    [4, null],
    [1, null],
    [0, null],
    [null, "SIGINT"],
  ].slice(0, ways.length);

  it("leaves what was done and a clean line, and nothing to be restored, however it ends", async () => {
    const results = await Promise.all(ways.map((how) => runProgram("leaves-bars.js", [how], env)));
    expect(results.map(({ code, signal }) => [code, signal])).toEqual(ends);
    for (const [index, { stdout, stderr }] of results.entries()) {
      expect(stdout).toBe("");
      expect(stderr).not.toContain("\u001B[?");
      const terminal = new TerminalEmulator(60, 30);
      terminal.write(stderr);
      expect((await terminal.lines())[0]).toMatch(ways[index] === "kill" ? /left/ : /^■ left .* 33% .*$/);
      expect((await terminal.cursor()).x).toBe(0);
    }
    expect(results[1]!.stderr).toMatch(/■ left [^]*Thrown while bars are live/);
  });
});
