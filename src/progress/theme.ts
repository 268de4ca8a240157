import type { ProgressEnding } from "./meter.js";

/** What stands for what. Colours are numbers of SGR; `undefined` for none. */
export interface Theme {
  readonly isColoured: boolean;
  readonly full: string;
  /** The end of the full part, where a half of a cell can be drawn. */
  readonly half: string;
  readonly empty: string;
  readonly left: string;
  readonly right: string;
  readonly ellipsis: string;
  readonly spinner: readonly string[];
  readonly marks: Readonly<Record<ProgressEnding, string>>;
}

type Characters = Omit<Theme, "isColoured">;

// None of them is an emoji, which some terminals draw twice as wide.
const UNICODE: Characters = {
  full: "━",
  half: "╸",
  empty: "─",
  left: "",
  right: "",
  ellipsis: "…",
  spinner: Array.from("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"),
  marks: { success: "✓", failure: "✗", stopped: "■" },
};

const ASCII: Characters = {
  full: "#",
  half: "",
  empty: "-",
  left: "[",
  right: "]",
  ellipsis: "...",
  spinner: ["|", "/", "-", "\\"],
  marks: { success: "+", failure: "x", stopped: "!" },
};

export function themeOf({ ascii, colour }: { ascii: boolean; colour: boolean }): Theme {
  return { ...(ascii ? ASCII : UNICODE), isColoured: colour };
}

/** The foreground colours of SGR. */
export const RED = 31;
const GREEN = 32;
const YELLOW = 33;
export const GRAY = 90;
export const CYAN = 36;

/** A success is green, unless something failed on the way. */
export function endingColour(ending: ProgressEnding, failures: number): number {
  if (ending === "failure") return RED;
  return ending === "stopped" || failures > 0 ? YELLOW : GREEN;
}

export function coloured(text: string, colour: number, isColoured: boolean): string {
  return isColoured && text !== "" ? `\u001B[${colour}m${text}\u001B[39m` : text;
}
