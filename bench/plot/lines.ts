import { REFERENCE } from "../peer.js";
import type { Sweep } from "../section.js";
import { median } from "../statistics.js";
import { logAxis, shortNumber } from "./axis.js";
import { element, image, line, text, WIDTH } from "./svg.js";

const LEFT = 70;
const RIGHT = 170;
const TOP = 56;
const HEIGHT = 380;
const BOTTOM = 56;
/** Between the names beside the lines' ends. */
const NAME_HEIGHT = 20;

interface Curve {
  readonly peer: string;
  readonly colour: string;
  readonly style: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A line for each peer over what differs between the columns, both axes logarithmic. */
export function lineChart(title: string, sweep: Sweep): string {
  const depths = sweep.columns.map(({ label }) => Number(label.replaceAll(",", "")));
  const values = sweep.columns.flatMap(({ rows }) =>
    rows.flatMap(({ figures }) => (figures.length > 0 ? [median(figures)] : [])),
  );
  const across = logAxis(depths[0]!, depths.at(-1)!);
  const up = logAxis(Math.min(...values), Math.max(...values));
  const x = (value: number): number => LEFT + across.place(value) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => TOP + (1 - up.place(value)) * HEIGHT;
  const curves = curvesOf(sweep, depths, x, y);
  return image(TOP + HEIGHT + BOTTOM, title, [
    text(16, 28, sweep.title, { class: "strong" }),
    text(WIDTH - 16, 28, `${sweep.unit}, logarithmic`, { class: "quiet", "text-anchor": "end" }),
    ...up.ticks.flatMap((tick) => [
      line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "grid"),
      text(LEFT - 8, y(tick) + 5, shortNumber(tick), { class: "quiet", "text-anchor": "end" }),
    ]),
    ...depths.flatMap((depth, index) => [
      line(x(depth), TOP, x(depth), TOP + HEIGHT, "grid"),
      text(x(depth), TOP + HEIGHT + 22, sweep.columns[index]!.label, { class: "quiet", "text-anchor": "middle" }),
    ]),
    text((LEFT + WIDTH - RIGHT) / 2, TOP + HEIGHT + 44, sweep.heading, { class: "quiet", "text-anchor": "middle" }),
    ...curves.map(({ points, colour, style }) =>
      element("polyline", {
        points: points.map((point) => point.map(Math.round).join(",")).join(" "),
        class: `curve ${style} stroke-${colour}`,
      }),
    ),
    ...names(curves),
  ]);
}

function curvesOf(
  sweep: Sweep,
  depths: readonly number[],
  x: (v: number) => number,
  y: (v: number) => number,
): Curve[] {
  let series = 0;
  // Ours last, so that it lies above the others.
  const peers = (sweep.columns[0]?.rows ?? []).toSorted(
    (a, b) => Number(a.role === "ours") - Number(b.role === "ours"),
  );
  return peers.map(({ peer, role = "peer" }): Curve => {
    const points = sweep.columns.flatMap(({ rows }, index) => {
      const figures = rows.find((row) => row.peer === peer)?.figures ?? [];
      return figures.length === 0 ? [] : [[x(depths[index]!), y(median(figures))] as const];
    });
    const colour = role === "peer" ? `series${((series++ % 5) + 1).toFixed()}` : role;
    return { peer, colour, style: role === "ours" ? "thick" : role === "floor" ? "dashed" : "", points };
  });
}

/** Beside the ends of the lines, moved apart where these lie close together. */
function names(curves: readonly Curve[]): string[] {
  const ends = curves
    .filter(({ points }) => points.length > 0)
    .map((curve) => ({ curve, y: curve.points.at(-1)![1] }))
    .toSorted((a, b) => a.y - b.y);
  for (const [index, end] of ends.entries()) {
    const above = ends[index - 1];
    if (above) end.y = Math.max(end.y, above.y + NAME_HEIGHT);
  }
  // What was moved beyond the lower edge pushes the others up again.
  let lowest = TOP + HEIGHT;
  for (const end of ends.toReversed()) {
    end.y = Math.min(end.y, lowest);
    lowest = end.y - NAME_HEIGHT;
  }
  return ends.map(({ curve: { peer, colour }, y }) =>
    text(WIDTH - RIGHT + 10, y + 5, peer, { class: peer === REFERENCE ? `strong ${colour}` : colour }),
  );
}
