import { ProgressBar, type ProgressBarOptions } from "manyhands";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../limits/fake-clock.js";
import { LineCollector, TerminalEmulator, useTerminal } from "./terminal-emulator.js";

let clock: FakeClock;
let output: LineCollector;

beforeEach(() => {
  useTerminal();
  clock = new FakeClock();
  output = new LineCollector();
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function open(options: ProgressBarOptions): ProgressBar {
  return new ProgressBar<never>({ stream: output, clock, unit: "files", ...options });
}

describe("where the output is no terminal", () => {
  it("a line is printed at the start, every interval, and at the end", async () => {
    const bar = open({ total: 2000, description: "Hashing", interval: 1000 });
    for (let second = 0; second < 3; second += 1) {
      bar.advance(250);
      bar.advance(0, "failure");
      await clock.advance(1000);
    }
    bar.advance(1, "failure");
    bar.succeed("all read");
    expect(output.lines).toEqual([
      "Hashing: 0% (0/2,000 files)",
      "Hashing: 12% (250/2,000 files), 250/s, 0:01 elapsed, ETA 0:07",
      "Hashing: 25% (500/2,000 files), 250/s, 0:02 elapsed, ETA 0:06",
      "Hashing: 37% (750/2,000 files), 250/s, 0:03 elapsed, ETA 0:05",
      "Hashing: done at 37% (751/2,000 files), 1 failed, 250/s, 0:03 elapsed: all read",
    ]);
    await clock.advance(10_000);
    expect(output.lines).toHaveLength(5);
  });

  it("there is a line every five seconds unless told otherwise, and the first and the last however short the bar", async () => {
    const bar = open({});
    await clock.advance(4999);
    expect(output.lines).toEqual(["0 files"]);
    await clock.advance(1);
    expect(output.lines).toHaveLength(2);
    bar.stop();
    open({ total: 0 }).succeed();
    expect(output.lines.slice(-3)).toEqual([
      "stopped at 0 files, 0:05 elapsed",
      "100% (0/0 files)",
      "done at 100% (0/0 files), 0:00 elapsed",
    ]);
  });

  it("lines come also from a loop in which no timer fires", () => {
    const bar = open({ total: 1000, interval: 1000 });
    for (let item = 0; item < 500; item += 1) {
      clock.jump(10);
      bar.advance();
    }
    expect(output.lines.length).toBeGreaterThanOrEqual(5);
    expect(output.lines.length).toBeLessThanOrEqual(6);
    bar.fail();
  });

  it("a nested bar has its parents before it, and no line of its own at its ends unless it failed", async () => {
    const parent = open({ description: "all", interval: 60_000 });
    const good = open({ description: "good", parent, interval: 100 });
    const bad = open({ description: "bad", parent });
    await clock.advance(100);
    good.succeed();
    bad.fail("no luck");
    parent.stop();
    expect(output.lines).toEqual([
      "all: 0 files",
      "all > good: 0 files",
      "all > bad: failed at 0 files, 0:00 elapsed: no luck",
      "all: stopped at 0 files, 0:00 elapsed",
    ]);
  });

  it("nothing is coloured, and each bar has lines of its own", () => {
    const bar = open({ description: "a\u001B[31m\nb", total: 1 });
    bar.log("said");
    bar.fail("x\ny");
    expect(output.text).not.toContain("\u001B");
    expect(output.lines).toEqual(["a b: 0% (0/1 files)", "said", "a b: failed at 0% (0/1 files), 0:00 elapsed: x y"]);
  });

  it.each([{ colour: true }, { FORCE_COLOR: "1" }])(
    "colours are there for who asks for them by %o",
    ({ colour, ...env }) => {
      useTerminal(env);
      open({ colour }).succeed();
      expect(output.text).toContain("\u001B[32mdone\u001B[39m");
    },
  );

  it("no program is kept alive", () => {
    const bar = open({});
    expect(clock.pending).toBe(0);
    bar.stop();
  });
});

describe("a terminal", () => {
  it.each([{ TERM: "dumb" }, { CI: "true" }])("with %o gets lines as well", (env) => {
    useTerminal(env);
    const terminal = new TerminalEmulator();
    const bar = open({ stream: terminal, total: 3, description: "Files" });
    bar.succeed();
    expect(terminal.writes.join("")).toBe("Files: 0% (0/3 files)\nFiles: done at 0% (0/3 files), 0:00 elapsed\n");
  });
});

describe("a stream that breaks", () => {
  it("ends no program: bars go on without it", async () => {
    const { Writable } = await import("node:stream");
    const stream = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error("EPIPE")) });
    const bar = open({ stream });
    await new Promise(setImmediate);
    bar.advance();
    bar.succeed();
    expect(stream.destroyed).toBe(true);
    await new Promise(setImmediate);
    expect(stream.listenerCount("error")).toBe(0);

    const throwing = {
      write: vi.fn(() => {
        throw new Error("EBADF");
      }),
    };
    open({ stream: throwing }).succeed();
    expect(throwing.write).toHaveBeenCalledOnce();
  });
});
