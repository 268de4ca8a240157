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
  it("shows what each says, and counts it when it is settled", async () => {
    await using pool = StepperWorker.options({ mode, maxWorkers: 2 }).init();
    const bar = new ProgressBar<never>({ stream: terminal, total: 3, description: "calls" });
    const returned = bar.follow(pool.run(1, 4, "return"));
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

  it.each(REMOTE_MODES)("marks the bar of a worker in mode %s that dies in the middle", async (mode) => {
    await using pool = StepperWorker.options({ mode, maxWorkers: 1 }).init();
    const bar = new ProgressBar<never>({ stream: terminal, total: 1, description: "calls" });
    const future = bar.follow(pool.run(3, 4, "exit"));
    await shows(/calls/, /worker 0 .* 75%/);
    await pool.broadcast.release().catch(() => undefined);
    await expect(future).rejects.toMatchObject({ code: "MH_WORKER_CRASHED" });
    bar.fail();
    await shows(/^✗ calls .* 100%.*1 failed/, /^ {2}✗ worker 0 .* 75%/);
  });
});

describe("a program that ends while bars are live", () => {
  const env = { CI: "", TERM: "xterm", FORCE_COLOR: "0", LANG: "C.UTF-8" };

  it("leaves their last state and a clean line, however it ends", async () => {
    const ways = ["exit", "throw", "forget"];
    const results = await Promise.all(ways.map((how) => runProgram("leaves-bars.js", [how], env)));
    expect(results.map(({ code, signal, stdout }) => [code, signal, stdout])).toEqual([
      [4, null, ""],
      [1, null, ""],
      [0, null, ""],
    ]);
    for (const { stderr } of results) {
      const last = new TerminalEmulator(60, 30);
      last.write(stderr);
      expect((await last.lines())[0]).toMatch(/^■ left .* 33% .*$/);
      expect((await last.cursor()).x).toBe(0);
    }
    expect(results[1]!.stderr).toMatch(/■ left [^]*Thrown while bars are live/);
  });

  it.skipIf(process.platform === "win32")("leaves nothing to be restored when a signal ends it", async () => {
    const { code, signal, stderr } = await runProgram("leaves-bars.js", ["kill"], env);
    expect([code, signal]).toEqual([null, "SIGINT"]);
    expect(stderr).not.toContain("\u001B[?");
    const last = new TerminalEmulator(60, 10);
    last.write(stderr);
    expect((await last.lines())[0]).toContain("left");
    expect((await last.cursor()).x).toBe(0);
  });
});
