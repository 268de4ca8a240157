import { describe, expect, it } from "vitest";
import { hasColours, isAsciiOnly, isScreen, reflows } from "../../dist/progress/terminal.js";

const terminal = { isTTY: true, write: () => true };
const file = { write: () => true };

describe("a terminal", () => {
  it.each([
    [terminal, {}, true],
    [terminal, { TERM: "xterm" }, true],
    [terminal, { TERM: "dumb" }, false],
    [terminal, { CI: "1" }, false],
    [terminal, { CI: "false" }, true],
    [terminal, { CI: "" }, true],
    [file, {}, false],
  ])("%o with %o can be drawn on: %s", (stream, env, expected) => {
    expect(isScreen(stream, env)).toBe(expected);
  });

  it.each([
    [terminal, {}, true],
    [{ ...terminal, hasColors: () => false }, {}, false],
    [terminal, { NO_COLOR: "1" }, false],
    [terminal, { NO_COLOR: "" }, true],
    [terminal, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
    [file, {}, false],
    [file, { FORCE_COLOR: "1" }, true],
    [file, { FORCE_COLOR: "" }, true],
    [terminal, { FORCE_COLOR: "0" }, false],
    [{ ...terminal, hasColors: () => false }, { FORCE_COLOR: "3" }, true],
    [terminal, { TERM: "dumb" }, false],
  ])("%o with %o has colours: %s", (stream, env, expected) => {
    expect(hasColours(stream, env)).toBe(expected);
  });

  it.each([
    ["linux", {}, false],
    ["linux", { LANG: "en_US.UTF-8" }, false],
    ["linux", { LANG: "de_DE.utf8" }, false],
    ["linux", { LANG: "C" }, true],
    ["linux", { LANG: "en_US.UTF-8", LC_ALL: "POSIX" }, true],
    ["linux", { LANG: "C", LC_CTYPE: "C.UTF-8" }, false],
    ["linux", { TERM: "linux", LANG: "C.UTF-8" }, true],
    ["darwin", {}, false],
    ["win32", {}, true],
    ["win32", { LANG: "C" }, true],
    ["win32", { WT_SESSION: "1" }, false],
    ["win32", { TERM_PROGRAM: "vscode" }, false],
  ] as const)("on %s with %o knows only ASCII: %s", (platform, env, expected) => {
    expect(isAsciiOnly(env, platform)).toBe(expected);
  });

  it.each([
    [{ TERM: "xterm-256color" }, true],
    [{ TERM: "xterm", XTERM_VERSION: "XTerm(379)" }, false],
    [{ TERM: "screen", STY: "1.pts" }, false],
    [{ TERM: "screen", TMUX: "/tmp/tmux", XTERM_VERSION: "XTerm(379)" }, true],
    [{ TERM: "rxvt-unicode" }, false],
  ])("with %o breaks its lines anew: %s", (env, expected) => {
    expect(reflows(env)).toBe(expected);
  });
});
