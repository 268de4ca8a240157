/**
 * How bars are laid out in so many columns: a pure function of what is to be seen.
 *
 * All bars of a screen share their columns, so that they stand below each other. What does not fit is left out in the
 * order of `PLANS`, for all of them alike: first the time elapsed, then the unit, then digits of the count, the rate,
 * the count, the bar, the time left, the description. The share that is done and the failures are the last to go.
 */
import { displayWidth, oneLine, truncate, unjoinedWidth } from "./display-width.js";
import { amountText, clockText, leftText, percentOf, rateText, scaled, unitText } from "./figures.js";
import type { BarView } from "./meter.js";
import { CYAN, coloured, endingColour, GRAY, RED, type Theme } from "./theme.js";

/** What is shown, and how narrow it may become. */
interface Plan {
  /** Cells of the description, if it has as many. */
  readonly description: number;
  /** Cells of the bar; 0 for none. */
  readonly bar: number;
  readonly count: "with-unit" | "exact" | "short" | "none";
  readonly rate: boolean;
  readonly elapsed: boolean;
  readonly time: boolean;
}

const PLANS: readonly Plan[] = [
  { description: 30, bar: 20, count: "with-unit", rate: true, elapsed: true, time: true },
  { description: 24, bar: 12, count: "with-unit", rate: true, elapsed: false, time: true },
  { description: 20, bar: 10, count: "exact", rate: true, elapsed: false, time: true },
  { description: 16, bar: 10, count: "short", rate: true, elapsed: false, time: true },
  { description: 16, bar: 8, count: "short", rate: false, elapsed: false, time: true },
  { description: 12, bar: 8, count: "none", rate: false, elapsed: false, time: true },
  { description: 12, bar: 5, count: "none", rate: false, elapsed: false, time: true },
  { description: 8, bar: 0, count: "none", rate: false, elapsed: false, time: true },
  { description: 4, bar: 0, count: "none", rate: false, elapsed: false, time: false },
  { description: 0, bar: 0, count: "none", rate: false, elapsed: false, time: false },
];

const LONGEST_BAR = 40;
const SHORTEST_BAR = 5;
const INDENT = 2;
const DEEPEST = 5;
const FRAME_MS = 100;
/** So wide a column is made at once, as what stands in it seldom needs more. */
const USUAL = { figure: 4, rate: 7, time: 8 };

interface Piece {
  readonly text: string;
  /** In cells. */
  readonly width: number;
  readonly colour: number | undefined;
}

/** A bar, and what is the same of it in every plan. */
interface Entry {
  readonly view: BarView;
  readonly description: string;
  readonly descriptionWidth: number;
  readonly unit: string;
  readonly unitWidth: number;
  readonly indent: number;
}

/** The texts that stand behind a bar, under a plan. Each character takes one cell, but those of the unit. */
interface Row {
  /** The share that is done, or how much is where the total is unknown. */
  readonly figure: string;
  readonly count: string;
  readonly failures: string;
  readonly rate: string;
  readonly elapsed: string;
  readonly time: string;
}

type Column = keyof Row;
const COLUMNS: readonly Column[] = ["figure", "count", "failures", "rate", "elapsed", "time"];

interface Layout {
  readonly columns: number;
  readonly label: number;
  readonly bar: number;
  readonly hasUnit: boolean;
  readonly widths: Readonly<Record<Column, number>>;
}

/** One line for each bar, none of more cells than `columns`. */
export function layOut(views: readonly BarView[], columns: number, theme: Theme): string[] {
  const entries = views.map(entryOf);
  const reserve = Math.max(0, ...views.map((view) => unjoinedWidth(view.description + (view.text ?? "") + view.unit)));
  const room = Math.max(0, columns - reserve);
  for (const plan of PLANS) {
    const rows = entries.map((entry) => rowOf(entry.view, plan, theme));
    const layout = fit(entries, rows, plan, room, theme);
    if (!layout) continue;
    return entries.map((entry, index) => paint(clip(lineOf(entry, rows[index]!, layout, theme), room, theme), theme));
  }
  return views.map((view) => {
    const pieces = [markOf(view, theme), piece(` ${figureOf(view)}`)];
    return paint(widthOf(pieces) <= room ? pieces : room > 0 ? [pieces[0]!] : [], theme);
  });
}

function entryOf(view: BarView): Entry {
  const description = oneLine(view.description).trim();
  const unit = unitText(oneLine(view.unit));
  const indent = INDENT * Math.min(view.depth, DEEPEST);
  const [descriptionWidth, unitWidth] = [displayWidth(description), displayWidth(unit)];
  return { view, description, descriptionWidth, unit, unitWidth, indent };
}

function rowOf(view: BarView, plan: Plan, theme: Theme): Row {
  const { done, total, unit, failures, ending } = view;
  const isOpen = ending === undefined && total !== undefined;
  const failed = scaled(failures);
  return {
    figure: total === undefined && plan.count !== "none" ? "" : figureOf(view),
    count: plan.count === "none" ? "" : amountText(done, total, unit, plan.count === "short"),
    failures: failures === 0 ? "" : plan.count === "none" ? theme.marks.failure + failed : `${failed} failed`,
    rate: plan.rate ? rateText(view.rate, unit) : "",
    elapsed: plan.elapsed && isOpen ? clockText(view.elapsed) : "",
    time: !plan.time ? "" : isOpen ? `ETA ${leftText(done, total, view.rate)}` : clockText(view.elapsed),
  };
}

function figureOf({ done, total }: BarView): string {
  return total === undefined ? scaled(done) : `${percentOf(done, total)}%`;
}

/** Shares out the room; `undefined` when there is too little for the plan. */
function fit(
  entries: readonly Entry[],
  rows: readonly Row[],
  plan: Plan,
  room: number,
  theme: Theme,
): Layout | undefined {
  const widths = { figure: 0, count: 0, failures: 0, rate: 0, elapsed: 0, time: 0 };
  const widen = (column: Column, width: number): void => {
    widths[column] = Math.max(widths[column], width);
  };
  const hasUnit = plan.count === "with-unit";
  let [longest, least] = [0, 0];
  for (const [index, entry] of entries.entries()) {
    const { total, unit, ending } = entry.view;
    const row = rows[index]!;
    for (const column of COLUMNS) widen(column, row[column].length);
    if (row.count !== "") {
      // As wide as it becomes, so that the bar does not move with every digit.
      const last = total === undefined ? 0 : rowOf({ ...entry.view, done: total }, plan, theme).count.length;
      widen("count", Math.max(row.count.length, last) + (hasUnit ? entry.unitWidth : 0));
    }
    if (total !== undefined) widen("figure", USUAL.figure);
    if (plan.rate && ending === undefined) widen("rate", USUAL.rate + (unit === "bytes" ? 2 : 0));
    if (plan.time && ending === undefined && total !== undefined) widen("time", USUAL.time);
    longest = Math.max(longest, labelWidth(entry, entry.descriptionWidth));
    least = Math.max(least, labelWidth(entry, plan.description));
  }
  const fixed = COLUMNS.reduce((sum, column) => sum + (widths[column] > 0 ? widths[column] + 1 : 0), 0);
  const free = room - fixed - least - (plan.bar > 0 ? plan.bar + 1 : 0);
  if (free < 0) return undefined;
  const label = Math.min(longest, least + free);
  const bar = plan.bar > 0 ? Math.min(LONGEST_BAR, plan.bar + free - (label - least)) : 0;
  return { columns: room, label, bar, hasUnit, widths };
}

/** The mark, and the description in at most so many cells. */
function labelWidth({ indent, descriptionWidth }: Entry, most: number): number {
  const width = Math.min(descriptionWidth, most);
  return indent + 1 + (width > 0 ? 1 + width : 0);
}

function lineOf(entry: Entry, row: Row, layout: Layout, theme: Theme): Piece[] {
  const { view, indent } = entry;
  const most = layout.label - indent - 2;
  const isWhole = entry.descriptionWidth <= most;
  const description = isWhole ? entry.description : truncate(entry.description, most, theme.ellipsis);
  const width = isWhole ? entry.descriptionWidth : displayWidth(description);
  const label = [piece(" ".repeat(indent)), markOf(view, theme)];
  if (description !== "") label.push(piece(` ${description}`, undefined, 1 + width));
  const gap = piece(" ".repeat(Math.max(0, layout.label - widthOf(label)) + (layout.bar > 0 ? 1 : 0)));
  const bar = layout.bar > 0 ? barOf(view, layout.bar, theme) : [];
  const cells = (columns: readonly Column[]): Piece[] =>
    columns.filter((column) => layout.widths[column] > 0).map((column) => cellOf(column, entry, row, layout));
  if (view.ending === undefined || !view.text) return [...label, gap, ...bar, ...cells(COLUMNS)];

  // What was said at the end takes the place of rate and time; where it is long the bar gives way, and then goes.
  const said = ` ${oneLine(view.text).trim()}`;
  const text = piece(said, undefined, displayWidth(said));
  const aligned = [...label, gap, ...bar, ...cells(["figure", "count", "failures"]), text];
  if (widthOf(aligned) <= layout.columns) return aligned;
  const figure = piece(` ${figureOf(view)}`);
  const failures = row.failures === "" ? [] : [piece(` ${row.failures}`, RED)];
  const count = view.total === undefined || row.count === "" ? [] : [piece(` ${row.count}`)];
  const rest = [figure, ...count, ...failures, text];
  const room = layout.columns - layout.label - 1 - widthOf(rest);
  if (layout.bar > 0 && room >= SHORTEST_BAR) return [...label, gap, ...barOf(view, room, theme), ...rest];
  return [...label, figure, ...failures, text];
}

/** A text at the right end of its column, and a space before it. */
function cellOf(column: Column, entry: Entry, row: Row, layout: Layout): Piece {
  const hasUnit = column === "count" && layout.hasUnit;
  const text = row[column] + (hasUnit ? entry.unit : "");
  const width = row[column].length + (hasUnit ? entry.unitWidth : 0);
  const room = layout.widths[column];
  return piece(" ".repeat(1 + room - width) + text, column === "failures" ? RED : undefined, 1 + room);
}

function markOf({ ending, elapsed, failures }: BarView, theme: Theme): Piece {
  if (ending) return piece(theme.marks[ending], endingColour(ending, failures));
  return piece(theme.spinner[Math.floor(elapsed / FRAME_MS) % theme.spinner.length]!, CYAN);
}

function barOf(view: BarView, width: number, theme: Theme): Piece[] {
  const room = width - theme.left.length - theme.right.length;
  const [before, cells] = filled(view, room);
  const full = Math.floor(cells);
  const half = full < room && cells - full >= 0.5 ? theme.half : "";
  return [
    piece(theme.left + theme.empty.repeat(before), GRAY),
    piece(theme.full.repeat(full) + half, view.ending ? endingColour(view.ending, view.failures) : CYAN),
    piece(theme.empty.repeat(room - before - full - half.length) + theme.right, GRAY),
  ];
}

/** Where the full part begins, and how long it is. Where the total is unknown, a short part goes to and fro. */
function filled({ done, total, ending, elapsed }: BarView, room: number): [before: number, cells: number] {
  if (total !== undefined) return [0, done >= total ? room : (room * done) / total];
  if (ending) return [0, ending === "success" ? room : 0];
  const length = Math.max(1, Math.floor(room / 4));
  const way = room - length;
  const step = Math.floor(elapsed / FRAME_MS) % Math.max(1, 2 * way);
  return [step <= way ? step : 2 * way - step, length];
}

function piece(text: string, colour?: number, width = text.length): Piece {
  return { text, width, colour };
}

function widthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { width }) => sum + width, 0);
}

function clip(pieces: readonly Piece[], room: number, theme: Theme): readonly Piece[] {
  if (widthOf(pieces) <= room) return pieces;
  const clipped: Piece[] = [];
  let left = room;
  for (const { text, width, colour } of pieces) {
    if (width > left) {
      clipped.push(piece(truncate(text, left, theme.ellipsis), colour));
      break;
    }
    clipped.push({ text, width, colour });
    left -= width;
  }
  return clipped;
}

function paint(pieces: readonly Piece[], theme: Theme): string {
  const last = pieces.findLastIndex(({ text }) => text.trimEnd() !== "");
  const shown = pieces.slice(0, last + 1).map(({ text, colour }, index) => {
    const whole = index === last ? text.trimEnd() : text;
    return colour === undefined ? whole : coloured(whole, colour, theme.isColoured);
  });
  return shown.join("");
}
