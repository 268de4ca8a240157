import fc from "fast-check";
import { ProgressBar } from "manyhands";
import { afterEach, expect, it, vi } from "vitest";
import { FakeClock } from "../limits/fake-clock.js";
import { TerminalEmulator, useTerminal } from "./terminal-emulator.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

type Step =
  | { readonly kind: "open"; readonly parent: number | undefined; readonly leave: boolean | undefined }
  | { readonly kind: "advance" | "end"; readonly which: number }
  | { readonly kind: "line" | "part" | "log" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "resize"; readonly columns: number };

const which = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("open" as const),
    parent: fc.option(which, { nil: undefined }),
    leave: fc.constantFrom(undefined, true, false),
  }),
  fc.record({ kind: fc.constantFrom("advance" as const, "end" as const), which }),
  fc.record({ kind: fc.constantFrom("line" as const, "part" as const, "log" as const) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(5, 20, 150) }),
  fc.record({ kind: fc.constant("resize" as const), columns: fc.integer({ min: 30, max: 100 }) }),
);

/** Runs the steps, ends all bars, and tells what is on the terminal, and what should be. */
async function run(
  steps: readonly Step[],
): Promise<{ bars: string[]; staying: string[]; text: string; written: string }> {
  const clock = new FakeClock();
  const terminal = new TerminalEmulator(60, 80);
  const bars: ProgressBar[] = [];
  const staying: string[] = [];
  let written = "";
  const write = (text: string): void => {
    written += text;
    terminal.write(text);
  };
  const end = (index: number): void => {
    if (bars[index] && !bars[index].ending) bars[index].succeed();
  };
  for (const [index, current] of steps.entries()) {
    const anchor = "which" in current ? current.which % Math.max(1, bars.length) : 0;
    switch (current.kind) {
      case "open": {
        const { leave } = current;
        const parent = current.parent === undefined ? undefined : bars[current.parent % Math.max(1, bars.length)];
        const description = `bar${bars.length}.`;
        bars.push(new ProgressBar<never>({ stream: terminal, clock, description, total: 9, parent, leave }));
        if (leave ?? parent === undefined) staying.push(description);
        break;
      }
      case "advance":
        bars[anchor]?.advance();
        break;
      case "end":
        end(anchor);
        break;
      case "line":
        write(`line${index}\n`);
        break;
      case "part":
        write(`part${index},`);
        break;
      case "log":
        // It begins a line of its own.
        if (bars.length === 0 || bars.every(({ ending }) => ending)) break;
        bars[0]!.log(`log${index}`);
        written += `${written.endsWith(",") ? "\n" : ""}log${index}\n`;
        break;
      case "wait":
        await clock.advance(current.ms);
        break;
      case "resize":
        await terminal.resize(current.columns);
        break;
    }
  }
  for (const index of bars.keys()) end(index);
  expect(terminal.listeners.resize.size).toBe(0);
  const lines = await terminal.wholeLines();
  const isBar = (line: string): boolean => /^\s*[✓⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /.test(line);
  return {
    bars: lines.filter(isBar).map((line) => line.trim().split(" ")[1]!),
    staying,
    text: lines
      .filter((line) => !isBar(line))
      .map((line) => line.trimEnd())
      .join("\n"),
    written,
  };
}

it("whatever is done, each bar that stays is there once, and what was written is there whole and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { bars, staying, text, written } = await run(steps);
      expect(bars.toSorted()).toEqual(staying.toSorted());
      expect(text.replaceAll("\n", "")).toBe(written.replaceAll("\n", ""));
    }),
    { numRuns: 40 },
  );
});
