/** Tables of text for a terminal. */
import { displayWidth, oneLine, truncate } from "../progress/display-width.js";
import { CYAN, coloured } from "../progress/theme.js";

export interface Column {
  readonly title: string;
  readonly isRight?: boolean;
  /** The narrowest it may become where not all fits; as wide as its cells otherwise. */
  readonly least?: number;
}

export interface TableSettings {
  /** In columns of the terminal; rows are not cut by default. */
  readonly width?: number | undefined;
  readonly isColoured: boolean;
}

const GAP = "  ";

/** Lines of the table, its titles first; a column of which all cells are empty is left out. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width = Number.POSITIVE_INFINITY, isColoured }: TableSettings,
): string[] {
  const shown = columns.flatMap((column, index) => {
    const cells = rows.map((row) => oneLine(row[index] ?? ""));
    return cells.some((cell) => cell !== "") ? [{ ...column, cells }] : [];
  });
  const widths = shown.map(({ title, cells }) => Math.max(...[title, ...cells].map(displayWidth)));
  let excess = widths.reduce((sum, each) => sum + each, (shown.length - 1) * GAP.length) - width;
  while (excess > 0) {
    const index = widest(shown, widths);
    if (index === undefined) break;
    widths[index]! -= 1;
    excess -= 1;
  }
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => fit(cell, widths[index]!, shown[index]!.isRight === true))
      .join(GAP)
      .trimEnd();
  return [
    coloured(line(shown.map(({ title }) => title)), CYAN, isColoured),
    ...rows.map((_row, at) => line(shown.map(({ cells }) => cells[at]!))),
  ];
}

/** The column to take from. */
function widest(columns: readonly Column[], widths: readonly number[]): number | undefined {
  let found: number | undefined;
  for (const [index, { least }] of columns.entries()) {
    if (least === undefined || widths[index]! <= least) continue;
    if (found === undefined || widths[index]! > widths[found]!) found = index;
  }
  return found;
}

function fit(cell: string, width: number, isRight: boolean): string {
  const text = truncate(cell, width, "…");
  const padding = " ".repeat(width - displayWidth(text));
  return isRight ? padding + text : text + padding;
}
