import type { ProgressStream } from "./progress-output.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether bars can be drawn again in place: elsewhere, and where a log is kept of what is written, lines are printed. */
export function isScreen(stream: ProgressStream, env: Environment): boolean {
  const isLogged = env["CI"] !== undefined && env["CI"] !== "" && env["CI"] !== "false" && env["CI"] !== "0";
  return stream.isTTY === true && env["TERM"] !== "dumb" && !isLogged;
}

/** `NO_COLOR` (no-color.org) goes before `FORCE_COLOR` (force-color.org), and both before what the stream can do. */
export function hasColours(stream: ProgressStream, env: Environment): boolean {
  if (env["NO_COLOR"]) return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (!isScreen(stream, env)) return false;
  return stream.hasColors?.() ?? true;
}

/** Whether a terminal seems to show only ASCII characters: the old console of Windows, that of Linux, and old locales. */
export function isAsciiOnly(env: Environment, platform: NodeJS.Platform): boolean {
  if (platform === "win32") {
    const isModern = ["WT_SESSION", "TERMINUS_SUBLIME", "ConEmuTask", "TERM_PROGRAM", "TERM"].some((name) => env[name]);
    return !isModern;
  }
  if (env["TERM"] === "linux") return true;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"];
  return locale !== undefined && locale !== "" && !/utf-?8/i.test(locale);
}

/** Whether a terminal breaks the lines it shows anew when it becomes narrower: xterm, rxvt and GNU Screen cut them off. */
export function reflows(env: Environment): boolean {
  if (env["TMUX"]) return true;
  return !env["XTERM_VERSION"] && !env["STY"] && !env["TERM"]?.startsWith("rxvt");
}
