import { fstatSync } from "node:fs";
import { processWide } from "../config/process-wide.js";
import { Lines } from "./lines.js";
import type { ProgressOutput, ProgressStream } from "./progress-output.js";
import { SafeWriter } from "./safe-writer.js";
import { Screen } from "./screen.js";
import { hasColours, isAsciiOnly, isScreen, reflows } from "./terminal.js";
import { themeOf } from "./theme.js";

/** One for each terminal, also where two copies of the library are loaded. */
const screens = processWide("progress-screens", () => new WeakMap<ProgressStream, ProgressOutput>());

/** Where the bars of a stream are shown. The first bar of a terminal decides on colours and characters for all of them. */
export function outputOf(
  given: ProgressStream,
  { colour, ascii }: { readonly colour?: boolean | undefined; readonly ascii?: boolean | undefined },
): ProgressOutput {
  const { env } = process;
  const isColoured = colour ?? hasColours(given, env);
  if (!isScreen(given, env)) return new Lines(new SafeWriter(given), isColoured);
  const pair = standardPair(given);
  const stream = pair[0] ?? given;
  let screen = screens.get(stream);
  if (!screen) {
    const theme = themeOf({ colour: isColoured, ascii: ascii ?? isAsciiOnly(env, process.platform) });
    const writer = new SafeWriter(stream);
    screen = new Screen({ writer, theme, reflows: reflows(env), neighbours: pair.slice(1), atExit });
    screens.set(stream, screen);
  }
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

function atExit(fn: () => void): () => void {
  process.once("exit", fn);
  return () => process.removeListener("exit", fn);
}
