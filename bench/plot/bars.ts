import type { Row } from "../contest.js";
import { median } from "../statistics.js";
import { type Axis, linearAxis, logAxis, shortNumber } from "./axis.js";
import { element, image, line, text, WIDTH } from "./svg.js";

/** One group of bars with an axis of its own. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly rows: readonly Row[];
  /** `"log"` begins at a power of ten, not at zero. */
  readonly scale: "linear" | "log";
}

const LEFT = 190;
const RIGHT = 80;
const ROW = 30;
const BAR = 20;
const TITLE = 44;
const AXIS = 34;
const GAP = 14;

/** A bar for the median of each row, with a thin line from the least to the greatest figure. */
export function barChart(title: string, panels: readonly Panel[]): string {
  const parts: string[] = [];
  let top = 4;
  for (const panel of panels) {
    const drawn = drawPanel(panel, top);
    parts.push(...drawn.parts);
    top += drawn.height + GAP;
  }
  return image(top, title, parts);
}

function drawPanel({ title, unit, rows, scale }: Panel, top: number): { parts: string[]; height: number } {
  const measured = rows.filter(({ figures }) => figures.length > 0);
  const all = measured.flatMap(({ figures }) => figures);
  const axis = scale === "log" ? logAxis(Math.min(...all), Math.max(...all)) : linearAxis(Math.max(...all));
  const x = (value: number): number => LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT);
  const bottom = top + TITLE + measured.length * ROW;
  const heading = text(16, top + 28, title, { class: "strong" });
  const how = text(WIDTH - 16, top + 28, scale === "log" ? `${unit}, logarithmic` : unit, {
    class: "quiet",
    "text-anchor": "end",
  });
  const parts = [heading, how, ...drawGrid(axis, x, top + TITLE, bottom)];
  for (const [index, row] of measured.entries()) parts.push(...drawBar(row, x, top + TITLE + index * ROW));
  return { parts, height: TITLE + measured.length * ROW + AXIS };
}

function drawGrid({ ticks }: Axis, x: (value: number) => number, top: number, bottom: number): string[] {
  return ticks.flatMap((tick) => [
    line(x(tick), top, x(tick), bottom + 4, "grid"),
    text(x(tick), bottom + 22, shortNumber(tick), { class: "quiet", "text-anchor": "middle" }),
  ]);
}

function drawBar({ peer, role = "peer", figures }: Row, x: (value: number) => number, top: number): string[] {
  const middle = top + ROW / 2;
  const value = median(figures);
  const [least, greatest] = [Math.min(...figures), Math.max(...figures)];
  const begin = LEFT;
  return [
    text(LEFT - 10, middle + 5, peer, { "text-anchor": "end", ...(role === "ours" && { class: "strong" }) }),
    element("rect", {
      x: begin,
      y: middle - BAR / 2,
      width: Math.max(1, x(value) - begin),
      height: BAR,
      rx: 2,
      class: role,
    }),
    line(x(least), middle, x(greatest), middle, "range"),
    text(Math.max(x(value), x(greatest)) + 8, middle + 5, shortNumber(value)),
  ];
}
