import { oneLine } from "./display-width.js";
import { amountText, clockText, exact, leftText, percentOf, rateText, unitText } from "./figures.js";
import type { BarView } from "./meter.js";
import { coloured, endingColour, RED } from "./theme.js";

const ENDINGS = { success: "done", failure: "failed", stopped: "stopped" } as const;

/** A bar as a line of text: `Hashing: 58% (1,234/5,678 files), 3 failed, 12.3k/s, 0:42 elapsed, ETA 0:12`. */
export function lineText(view: BarView, description: string, isColoured: boolean): string {
  const { done, total, unit, failures, ending, rate, elapsed, text } = view;
  const amount = amountText(done, total, unit, false) + unitText(oneLine(unit));
  const share = total === undefined ? amount : `${percentOf(done, total)}% (${amount})`;
  const state = ending && coloured(ENDINGS[ending], endingColour(ending, failures), isColoured);
  const parts = [state ? `${state} at ${share}` : share];
  if (failures > 0) parts.push(coloured(`${exact(failures)} failed`, RED, isColoured));
  if (rate > 0) parts.push(rateText(rate, unit));
  // The first line tells of nothing but what is to be done.
  if (elapsed >= 1000 || ending) parts.push(`${clockText(elapsed)} elapsed`);
  if (!ending && total !== undefined && rate > 0) parts.push(`ETA ${leftText(done, total, rate)}`);
  const name = oneLine(description).trim();
  return `${name === "" ? "" : `${name}: `}${parts.join(", ")}${text ? `: ${oneLine(text).trim()}` : ""}`;
}
