import fc from "fast-check";
import { ProgressBar, type ProgressBarOptions } from "manyhands";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../limits/fake-clock.js";
import { TerminalEmulator, useTerminal } from "./terminal-emulator.js";

let clock: FakeClock;
let terminal: TerminalEmulator;
let bars: ProgressBar[];

beforeEach(() => {
  useTerminal();
  clock = new FakeClock();
  terminal = new TerminalEmulator(60, 10);
  bars = [];
});

afterEach(() => {
  for (const bar of bars) bar.stop();
  vi.unstubAllEnvs();
});

function open(options: ProgressBarOptions): ProgressBar {
  const bar = new ProgressBar<never>({ stream: terminal, clock, unit: "files", ...options });
  bars.push(bar);
  return bar;
}

/** What is to be seen, without marks that turn, bars and figures. */
async function shown(): Promise<string[]> {
  const lines = await terminal.lines();
  return lines.map((line) => line.replaceAll(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g, "o").replace(/\s+[━╸─]+.*/, ""));
}

describe("a bar on a terminal", () => {
  it("is drawn at once, ten times a second, and a last time when it ends", async () => {
    const bar = open({ total: 10, description: "Files" });
    expect(await terminal.lines()).toEqual(["⠋ Files ─────────────────   0%  0/10 files         ETA -:--"]);
    bar.advance(5);
    await clock.advance(100);
    expect(await terminal.lines()).toEqual(["⠙ Files ━━━━━━━━╸────────  50%  5/10 files    50/s ETA 0:01"]);
    for (let turn = 0; turn < 50; turn += 1) await clock.advance(20);
    const frames = terminal.writes.length;
    expect(frames).toBeGreaterThanOrEqual(10);
    expect(frames).toBeLessThanOrEqual(13);
    bar.advance(5);
    bar.succeed();
    expect((await terminal.lines())[0]).toMatch(/^✓ Files ━+ 100% 10\/10 files .*0:01$/);
    expect(await terminal.cursor()).toEqual({ x: 0, y: 1 });
  });

  it("is drawn from its own looks at the clock, where no timer fires", async () => {
    const bar = open({ total: 1000, description: "Files" });
    for (let item = 0; item < 500; item += 1) {
      clock.jump(1);
      bar.advance();
    }
    expect(terminal.writes.length).toBeGreaterThanOrEqual(5);
    expect((await terminal.lines())[0]).toContain("/1,000");
    expect((await terminal.lines())[0]).not.toContain(" 0/1,000");
  });

  it("writes nothing when nothing has changed", async () => {
    open({ total: 10, initial: 5, description: "x".repeat(70) });
    await terminal.resize(4);
    const { length } = terminal.writes;
    await clock.advance(100);
    const [spinning] = terminal.writes.slice(length);
    expect(spinning).toContain("⠙");
    await clock.advance(1000 - 100);
    expect(terminal.writes.length - length).toBe(10);
  });

  it("leaves the terminal as it was: no mode is changed, no listener stays, no write is replaced", () => {
    const bar = open({ total: 3 });
    expect(Object.hasOwn(terminal, "write")).toBe(true);
    bar.log("text");
    bar.fail("reason");
    const codes = terminal.writes.join("").split("\u001B").slice(1);
    for (const code of codes) expect(code).toMatch(/^\[\d*[mAJK]/);
    expect(Object.hasOwn(terminal, "write")).toBe(false);
    expect(terminal.listeners.resize.size).toBe(0);
    expect(process.listeners("exit").map(({ name }) => name)).not.toContain("onExit");
  });

  it("keeps no program alive", () => {
    open({ total: 3 });
    expect(clock.pending).toBe(0);
  });

  it("goes without a trace when it is not to be left", async () => {
    open({ total: 3, description: "gone", leave: false }).succeed();
    expect(await terminal.lines()).toEqual([]);
    expect(await terminal.cursor()).toEqual({ x: 0, y: 0 });
  });

  it("has colours where the terminal has", async () => {
    const bar = open({ total: 4, description: "Files" });
    bar.advance(2, "failure");
    await clock.advance(100);
    const [line] = await terminal.lines();
    expect(await terminal.colourAt(0, 0)).toBe(6);
    expect(await terminal.colourAt(line!.indexOf("failed"), 0)).toBe(1);
    bar.succeed();
    expect(await terminal.colourAt(0, 0)).toBe(3);
  });

  it.each([{ NO_COLOR: "1" }, { FORCE_COLOR: "0" }])("has none with %o", async (env) => {
    useTerminal(env);
    open({ total: 4 });
    expect(await terminal.colourAt(0, 0)).toBe(-1);
    const codes = terminal.writes.join("").split("\u001B").slice(1);
    expect(codes.filter((code) => /^\[\d*m/.test(code))).toEqual([]);
  });
});

describe("several bars", () => {
  it("stand below each other, nested ones below their parents", async () => {
    const first = open({ total: 3, description: "first" });
    open({ total: 3, description: "second" });
    const nested = open({ description: "nested in first", parent: first });
    open({ description: "deeper", parent: nested });
    open({ description: "also in first", parent: first });
    await clock.advance(100);
    expect(await shown()).toEqual(["o first", "  o nested in first", "    o deeper", "  o also in first", "o second"]);
    expect(await terminal.cursor()).toEqual({ x: 0, y: 5 });
  });

  it("stay where they are when they end while one above is live, and go up for good when none is", async () => {
    const [first, second, third] = [1, 2, 3].map((n) => open({ total: 3, description: `bar ${n}` }));
    second!.succeed();
    await clock.advance(100);
    expect(await shown()).toEqual(["o bar 1", "✓ bar 2", "o bar 3"]);
    first!.fail();
    await clock.advance(100);
    expect(await shown()).toEqual(["✗ bar 1", "✓ bar 2", "o bar 3"]);
    const { length } = terminal.writes;
    await clock.advance(100);
    expect(terminal.writes.slice(length).join("")).not.toContain("bar 1");
    third!.stop();
    expect(await shown()).toEqual(["✗ bar 1", "✓ bar 2", "■ bar 3"]);
    expect(await terminal.cursor()).toEqual({ x: 0, y: 3 });
  });

  it("of a parent go when they end, unless they failed", async () => {
    const parent = open({ total: 3, description: "parent" });
    const nested = ["one", "two", "three"].map((description) => open({ description, parent }));
    nested[0]!.succeed();
    nested[1]!.fail("no luck");
    await clock.advance(100);
    expect(await shown()).toEqual(["o parent", "  ✗ two", "  o three"]);
    nested[2]!.stop();
    parent.succeed();
    expect(await shown()).toEqual(["✓ parent", "  ✗ two"]);
  });

  it("that do not fit the screen are counted, and those that ended make room", async () => {
    const all = Array.from({ length: 14 }, (_, index) => open({ total: 3, description: `bar ${index}` }));
    await clock.advance(100);
    const names = Array.from({ length: 8 }, (_, index) => `o bar ${index}`);
    expect(await shown()).toEqual([...names, "… 6 more"]);
    for (const bar of all.slice(1)) bar.succeed();
    await clock.advance(100);
    const ended = Array.from({ length: 13 }, (_, index) => `✓ bar ${index + 1}`);
    expect((await shown()).map((line) => line.trim())).toEqual(
      [...ended, "o bar 0"].map((line) => expect.stringContaining(line.slice(0, 7))),
    );
    all[0]!.succeed();
    expect((await shown()).at(-1)).toContain("✓ bar 0");
  });
});

describe("what else is written", () => {
  it("stands above the bars, whole and in order", async () => {
    const bar = open({ total: 3, description: "bar" });
    open({ total: 3, description: "other" });
    for (let line = 1; line <= 20; line += 1) {
      terminal.write(`line ${line}\n`);
      clock.jump(5);
    }
    bar.log("logged\nin two lines");
    await clock.advance(100);
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
    expect(await shown()).toEqual([...lines, "logged", "in two lines", "o bar", "o other"]);
  });

  it("is seen together with the bars, as frames are not put off by it", async () => {
    open({ total: 3, description: "bar" });
    for (let line = 1; line <= 10; line += 1) {
      clock.jump(20);
      terminal.write(`line ${line}\n`);
      expect((await shown()).at(-1)).toBe("o bar");
    }
  });

  it("hides the bars while a line is not complete", async () => {
    const bar = open({ total: 3, description: "bar" });
    terminal.write("Working");
    await clock.advance(1000);
    terminal.write(" on it");
    expect(await shown()).toEqual(["Working on it"]);
    terminal.write(" … done\n");
    await clock.advance(100);
    expect(await shown()).toEqual(["Working on it … done", "o bar"]);
    terminal.write("Again");
    bar.succeed();
    expect(await shown()).toEqual(["Working on it … done", "Again", "✓ bar"]);
  });

  it("is passed on as it was given", () => {
    const seen: unknown[][] = [];
    const stream = { isTTY: true, write: (...args: unknown[]) => seen.push(args) };
    const bar = new ProgressBar<never>({ stream, clock, total: 3 });
    bars.push(bar);
    seen.length = 0;
    const callback = (): void => {};
    const bytes = new Uint8Array([104, 105, 10]);
    stream.write(bytes, "utf8", callback);
    expect(seen).toContainEqual([bytes, "utf8", callback]);
  });
});

describe("a terminal of another size", () => {
  it("shows each bar in one line of its own, whatever its size was before", async () => {
    // So that what is broken still fits on the screen: nobody can take back what has left it.
    const size = fc.integer({ min: 12, max: 120 });
    const sizes = fc.array(size, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(size, sizes, fc.integer({ min: 1, max: 4 }), async (columns, later, count) => {
        terminal = new TerminalEmulator(columns, 60);
        terminal.write("above\n");
        const live = Array.from({ length: count }, (_, index) =>
          open({ total: 3, description: `${index} bar`, initial: 1 }),
        );
        await clock.advance(100);
        for (const width of later) {
          await terminal.resize(width);
          await clock.advance(100);
          expect(await terminal.brokenLines()).toBe(0);
          const lines = await terminal.lines();
          expect(lines).toHaveLength(1 + count);
          expect(lines[0]).toBe("above".slice(0, width));
        }
        for (const bar of live) bar.succeed();
        expect(await terminal.lines()).toHaveLength(1 + count);
      }),
      { numRuns: 15 },
    );
  });

  it("is not taken to break lines anew where it does not", async () => {
    useTerminal({ XTERM_VERSION: "XTerm(379)" });
    const bar = open({ total: 3, description: "bar" });
    await clock.advance(100);
    terminal.columns = 20;
    const { length } = terminal.writes;
    for (const listener of terminal.listeners.resize) listener();
    expect(terminal.writes[length]).toContain("\r\u001B[1A");
    bar.stop();
  });
});
