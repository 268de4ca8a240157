/**
 * How bars are laid out in so many columns: a pure function of what is to be seen.
 *
 * All bars of a screen share their columns, so that they stand below each other. What does not fit is left out in the
 * order of `PLANS`, for all of them alike: first the time elapsed, then the unit, then digits of the count, the rate,
 * the count, the bar, the time left. The share that is done is the last to go, and the number of failures goes never.
 */
import { displayWidth, oneLine, truncate, unjoinedWidth } from "./display-width.js";
import { amountText, clockText, leftText, percentOf, rateText, scaled, unitText } from "./figures.js";
import type { BarView } from "./meter.js";
import { CYAN, coloured, ENDING_COLOURS, GRAY, RED, type Theme } from "./theme.js";

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
  { description: 8, bar: 0, count: "none", rate: false, elapsed: false, time: true },
  { description: 4, bar: 0, count: "none", rate: false, elapsed: false, time: false },
  { description: 0, bar: 0, count: "none", rate: false, elapsed: false, time: false },
];

const LONGEST_BAR = 40;
const SHORTEST_BAR = 8;
const INDENT = 2;
const DEEPEST = 5;
const FRAME_MS = 100;
/** So wide a column is made at once, as what stands in it seldom needs more. */
const USUAL = { figure: 4, rate: 7, time: 8 };

interface Piece {
  readonly text: string;
  readonly colour?: number;
}

/** The texts of one bar, under a plan. */
interface Row {
  readonly view: BarView;
  readonly description: string;
  /** The share that is done, or how much is where the total is unknown. */
  readonly figure: string;
  readonly count: string;
  readonly failures: string;
  readonly rate: string;
  readonly elapsed: string;
  readonly time: string;
}

type Column = Exclude<keyof Row, "view" | "description">;
const COLUMNS: readonly Column[] = ["figure", "count", "failures", "rate", "elapsed", "time"];

interface Layout {
  readonly columns: number;
  readonly label: number;
  readonly bar: number;
  readonly widths: Readonly<Record<Column, number>>;
}

/** One line for each bar, none of more cells than `columns`. */
export function layOut(views: readonly BarView[], columns: number, theme: Theme): string[] {
  if (views.length === 0) return [];
  const reserve = Math.max(...views.map((view) => unjoinedWidth(view.description + (view.text ?? "") + view.unit)));
  const room = Math.max(0, columns - reserve);
  for (const plan of PLANS) {
    const rows = views.map((view) => rowOf(view, plan, theme));
    const layout = fit(rows, plan, room, theme);
    if (layout) return rows.map((row) => paint(clip(lineOf(row, layout, theme), room, theme), theme));
  }
  const figures = views.map((view) => [markOf(view, theme), { text: ` ${figureOf(view)}` }]);
  return figures.map((pieces) => paint(clip(pieces, room, theme), theme));
}

function rowOf(view: BarView, plan: Plan, theme: Theme): Row {
  const { done, total, unit, failures, ending } = view;
  const isOpen = ending === undefined && total !== undefined;
  const amount = amountText(done, total, unit, plan.count === "short");
  const mark = theme.marks.failure;
  return {
    view,
    description: oneLine(view.description).trim(),
    figure: total === undefined && plan.count !== "none" ? "" : figureOf(view),
    count: plan.count === "none" ? "" : amount + (plan.count === "with-unit" ? unitText(oneLine(unit)) : ""),
    failures: failures === 0 ? "" : plan.count === "none" ? `${mark}${scaled(failures)}` : `${scaled(failures)} failed`,
    rate: plan.rate ? rateText(view.rate, unit) : "",
    elapsed: plan.elapsed && isOpen ? clockText(view.elapsed) : "",
    time: !plan.time ? "" : isOpen ? `ETA ${leftText(done, total, view.rate)}` : clockText(view.elapsed),
  };
}

function figureOf({ done, total }: BarView): string {
  return total === undefined ? scaled(done) : `${percentOf(done, total)}%`;
}

/** Shares out the room; `undefined` when there is too little for the plan. */
function fit(rows: readonly Row[], plan: Plan, room: number, theme: Theme): Layout | undefined {
  const widths = { figure: 0, count: 0, failures: 0, rate: 0, elapsed: 0, time: 0 };
  for (const row of rows) {
    for (const column of COLUMNS) widths[column] = Math.max(widths[column], displayWidth(row[column]));
    // As wide as it becomes, so that the bar does not move with every digit.
    const { total, unit, ending } = row.view;
    if (total !== undefined && row.count !== "") {
      const last = displayWidth(rowOf({ ...row.view, done: total }, plan, theme).count);
      widths.count = Math.max(widths.count, last);
    }
    if (plan.rate && ending === undefined) widths.rate = Math.max(widths.rate, USUAL.rate + (unit === "bytes" ? 2 : 0));
    if (plan.time && ending === undefined && total !== undefined) widths.time = Math.max(widths.time, USUAL.time);
    if (total !== undefined) widths.figure = Math.max(widths.figure, USUAL.figure);
  }
  let fixed = 0;
  for (const column of COLUMNS) if (widths[column] > 0) fixed += widths[column] + 1;
  const labels = rows.map((row) => labelWidth(row, Number.POSITIVE_INFINITY));
  const least = Math.max(...rows.map((row) => labelWidth(row, plan.description)));
  const free = room - fixed - least - (plan.bar > 0 ? plan.bar + 1 : 0);
  if (free < 0) return undefined;
  const label = Math.min(Math.max(...labels), least + free);
  const bar = plan.bar > 0 ? Math.min(LONGEST_BAR, plan.bar + free - (label - least)) : 0;
  return { columns: room, label, bar, widths };
}

function indentOf(view: BarView): number {
  return INDENT * Math.min(view.depth, DEEPEST);
}

/** The mark, and the description in at most so many cells. */
function labelWidth({ view, description }: Row, longest: number): number {
  const width = Math.min(displayWidth(description), longest);
  return indentOf(view) + 1 + (width > 0 ? 1 + width : 0);
}

function lineOf(row: Row, layout: Layout, theme: Theme): Piece[] {
  const { view } = row;
  const indent = indentOf(view);
  const description = truncate(row.description, layout.label - indent - 2, theme.ellipsis);
  const label = [
    { text: " ".repeat(indent) },
    markOf(view, theme),
    { text: description === "" ? "" : ` ${description}` },
  ];
  const gap = { text: " ".repeat(Math.max(0, layout.label - widthOf(label))) };
  const bar = layout.bar > 0 ? [{ text: " " }, ...barOf(view, layout.bar, theme)] : [];
  const cells = (columns: readonly Column[]): Piece[] =>
    columns.flatMap((column) => {
      if (layout.widths[column] === 0) return [];
      const text = " ".repeat(1 + layout.widths[column] - displayWidth(row[column])) + row[column];
      return [column === "failures" ? { text, colour: RED } : { text }];
    });
  if (view.ending === undefined || !view.text)
    return [...label, ...(gap.text === "" ? [] : [gap]), ...bar, ...cells(COLUMNS)];

  // What was said at the end takes the place of rate and time; where it is long the bar gives way, and then goes.
  const text = { text: ` ${oneLine(view.text).trim()}` };
  const aligned = [...label, gap, ...bar, ...cells(["figure", "count", "failures"]), text];
  if (widthOf(aligned) <= layout.columns) return aligned;
  const figure = { text: ` ${figureOf(view)}` };
  const failures = row.failures === "" ? [] : [{ text: ` ${row.failures}`, colour: RED }];
  const count = view.total === undefined || row.count === "" ? [] : [{ text: ` ${row.count}` }];
  const rest = [figure, ...count, ...failures, text];
  const room = layout.columns - layout.label - 1 - widthOf(rest);
  if (layout.bar > 0 && room >= SHORTEST_BAR)
    return [...label, gap, { text: " " }, ...barOf(view, room, theme), ...rest];
  return [...label, figure, ...failures, text];
}

function markOf({ ending, elapsed }: BarView, theme: Theme): Piece {
  if (ending) return { text: theme.marks[ending], colour: ENDING_COLOURS[ending] };
  return { text: theme.spinner[Math.floor(elapsed / FRAME_MS) % theme.spinner.length]!, colour: CYAN };
}

function barOf(view: BarView, width: number, theme: Theme): Piece[] {
  const room = width - theme.left.length - theme.right.length;
  const colour = view.ending ? ENDING_COLOURS[view.ending] : CYAN;
  const [before, cells] = filled(view, room);
  const full = Math.floor(cells);
  const half = full < room && cells - full >= 0.5 ? theme.half : "";
  return [
    { text: theme.left + theme.empty.repeat(before), colour: GRAY },
    { text: theme.full.repeat(full) + half, colour },
    { text: theme.empty.repeat(room - before - full - half.length) + theme.right, colour: GRAY },
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

function widthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { text }) => sum + displayWidth(text), 0);
}

function clip(pieces: readonly Piece[], room: number, theme: Theme): Piece[] {
  const clipped: Piece[] = [];
  let left = room;
  for (const piece of pieces) {
    const text = truncate(piece.text, left, theme.ellipsis);
    clipped.push({ ...piece, text });
    if (text !== piece.text) break;
    left -= displayWidth(text);
  }
  return clipped;
}

function paint(pieces: readonly Piece[], theme: Theme): string {
  const last = pieces.findLastIndex(({ text }) => text.trimEnd() !== "");
  return pieces
    .slice(0, last + 1)
    .map(({ text, colour }, index) => {
      const shown = index === last ? text.trimEnd() : text;
      return colour === undefined ? shown : coloured(shown, colour, theme.isColoured);
    })
    .join("");
}
