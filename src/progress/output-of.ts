import { fstatSync } from "node:fs";
import { processWide } from "../config/process-wide.js";
import { Lines } from "./lines.js";
import type { ProgressOutput, ProgressStream } from "./progress-output.js";
import { SafeWriter } from "./safe-writer.js";
import { Screen } from "./screen.js";
import { hasColours, isAsciiOnly, isScreen, reflows } from "./terminal.js";
import { themeOf } from "./theme.js";

/** One for each terminal, also where two copies of the library are loaded. */
const screens = processWide("progress-screens", () => new WeakMap<ProgressStream, Screen>());

/** What bars are shown on, and how, where that is not to be found out. */
interface OutputOptions {
  readonly stream: ProgressStream;
  readonly colour: boolean | undefined;
  readonly ascii: boolean | undefined;
}

/** Where the bars of a stream are shown. Of bars that are live on one terminal the first decides on colours and characters. */
export function outputOf({ stream: given, colour, ascii }: OutputOptions): ProgressOutput {
  const { env } = process;
  const isColoured = colour ?? hasColours(given, env);
  if (!isScreen(given, env)) return new Lines(new SafeWriter(given), isColoured);
  const pair = standardPair(given);
  const stream = pair[0] ?? given;
  const theme = themeOf({ colour: isColoured, ascii: ascii ?? isAsciiOnly(env, process.platform) });
  let screen = screens.get(stream);
  if (!screen) {
    const writer = new SafeWriter(stream);
    screen = new Screen(theme, { writer, reflows: reflows(env), neighbours: pair.slice(1), atExit });
    screens.set(stream, screen);
  } else if (!screen.isOpen) screen.theme = theme;
  return screen;
}

/** Both standard streams, when the given one is among them and they share a terminal: it has one screen. */
function standardPair(given: ProgressStream): ProgressStream[] {
  const { stdout, stderr } = process;
  if (given !== stdout && given !== stderr) return [];
  return stdout.isTTY && stderr.isTTY && isSameTerminal(stdout.fd, stderr.fd) ? [stderr, stdout] : [];
}

function isSameTerminal(one: number, other: number): boolean {
  // Windows has no numbers for its consoles; a process has one at most.
  if (process.platform === "win32") return true;
  return fstatSync(one).rdev === fstatSync(other).rdev;
}

/** One listener for all screens: a dozen would be warned about. */
const exitFunctions = new Set<() => void>();

function onExit(): void {
  for (const fn of exitFunctions) fn();
}

function atExit(fn: () => void): () => void {
  if (exitFunctions.size === 0) process.on("exit", onExit);
  exitFunctions.add(fn);
  return () => {
    exitFunctions.delete(fn);
    if (exitFunctions.size === 0) process.removeListener("exit", onExit);
  };
}
