/** A terminal for tests: understands what is written to it, and tells what is to be seen. */
import xterm from "@xterm/headless";
import type { ProgressStream } from "manyhands";
import { vi } from "vitest";

export class TerminalEmulator implements ProgressStream {
  readonly isTTY = true;
  /** What a program knows of the size; a terminal may be ahead of it. */
  columns: number;
  rows: number;
  /** Everything that was written, piece by piece. */
  readonly writes: string[] = [];
  readonly listeners = { resize: new Set<() => void>(), error: new Set<() => void>() };
  readonly #terminal: xterm.Terminal;

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
    // As the driver of a terminal does.
    this.#terminal = new xterm.Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true });
  }

  write(text: string, callback?: () => void): boolean {
    this.writes.push(text);
    this.#terminal.write(text);
    callback?.();
    return true;
  }

  on(event: "resize" | "error", listener: () => void): void {
    this.listeners[event].add(listener);
  }

  off(event: "resize" | "error", listener: () => void): void {
    this.listeners[event].delete(listener);
  }

  async resize(columns: number, rows = this.rows): Promise<void> {
    await this.#parsed();
    this.#terminal.resize(columns, rows);
    this.columns = columns;
    this.rows = rows;
    for (const listener of this.listeners.resize) listener();
  }

  /** All lines from the first that was ever written, the empty ones at the end left out. */
  async lines(): Promise<string[]> {
    await this.#parsed();
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, y) => active.getLine(y)!.translateToString(true));
    return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
  }

  /** As `lines`, but what the terminal has broken is one line. */
  async wholeLines(): Promise<string[]> {
    const lines = await this.lines();
    const { active } = this.#terminal.buffer;
    const whole: string[] = [];
    for (const [y, line] of lines.entries()) {
      if (active.getLine(y)!.isWrapped) whole[whole.length - 1] = whole.at(-1)!.padEnd(this.columns) + line;
      else whole.push(line);
    }
    return whole;
  }

  /** Lines that the terminal had to break. */
  async brokenLines(): Promise<number> {
    await this.#parsed();
    const { active } = this.#terminal.buffer;
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)!.isWrapped).filter(Boolean).length;
  }

  async cursor(): Promise<{ x: number; y: number }> {
    await this.#parsed();
    const { active } = this.#terminal.buffer;
    return { x: active.cursorX, y: active.baseY + active.cursorY };
  }

  /** The colour of a cell, as SGR counts them from 0; -1 for none. */
  async colourAt(x: number, y: number): Promise<number> {
    await this.#parsed();
    const cell = this.#terminal.buffer.active.getLine(y)!.getCell(x)!;
    return cell.isFgDefault() ? -1 : cell.getFgColor();
  }

  #parsed(): Promise<void> {
    return new Promise((resolve) => {
      this.#terminal.write("", resolve);
    });
  }
}

/** The environment of a usual terminal, whatever the tests run in. */
export function useTerminal(changes: Record<string, string | undefined> = {}): void {
  const usual = {
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    LC_ALL: undefined,
    LC_CTYPE: undefined,
    CI: undefined,
    NO_COLOR: undefined,
    FORCE_COLOR: undefined,
    XTERM_VERSION: undefined,
    STY: undefined,
    TMUX: undefined,
    WT_SESSION: "1",
  };
  for (const [name, value] of Object.entries({ ...usual, ...changes })) vi.stubEnv(name, value);
}

/** Collects lines, as a file or a pipe does. */
export class LineCollector implements ProgressStream {
  text = "";

  write(text: string): boolean {
    this.text += text;
    return true;
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}
