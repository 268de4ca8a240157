import { describe, expect, it } from "vitest";
import { judge } from "../../build/bench/compare.js";
import { drawPlots } from "../../build/bench/plot/plots.js";
import { formatFinding } from "../../build/bench/report.js";
import type { Table } from "../../build/bench/section.js";
import { judgeGrowth } from "../../build/bench/soak-growth.js";

const loads = [{ capacity: 1000, others: 100 }];

const table: Table = {
  id: "thread-noop",
  title: "Calls",
  unit: "calls/s",
  better: "higher",
  notes: [],
  rows: [
    { peer: "manyhands", role: "ours", figures: [3000, 2800, 3200], loads },
    { peer: "slow", role: "peer", figures: [50], loads },
    { peer: "fast", role: "peer", figures: [100], loads },
    { peer: "bare", role: "floor", figures: [5000], loads },
    { peer: "broken", role: "ours", figures: [], loads: [], failure: "Error: it broke" },
  ],
  against: "best peer",
  bars: [
    { against: "best peer", atLeast: 30 },
    { row: "broken", atMost: 5 },
    { row: "absent", atMost: 5 },
  ],
};

describe("the report of a benchmark", () => {
  it("divides by the best peer, and names it", () => {
    expect(formatFinding(table)).toContain("| manyhands | 3,000 | 2,800..3,200 | 10 % | 30.0 |");
    expect(formatFinding(table)[0]).toContain("× best peer, fast");
  });

  it("counts what failed as a bar that is not met, and does not judge what took no part", () => {
    expect(judge([table]).map(({ row, isMet }) => [row, isMet])).toEqual([
      ["manyhands", true],
      ["broken", false],
    ]);
  });

  it("draws a bar for each row with figures", () => {
    const svg = drawPlots({ tables: [table] }).get("throughput-threads");
    expect(svg?.match(/rx="2"/g)).toHaveLength(4);
  });
});

describe("the growth of memory in a soak", () => {
  const samples = (grow: number) =>
    Array.from({ length: 50 }, (_, index) => ({ calls: index, heap: 10 + index * grow, external: 1, rss: 100 }));

  it("is told from a steady state", () => {
    expect(judgeGrowth(samples(0)).isFlat).toBe(true);
    expect(judgeGrowth(samples(0.1)).isFlat).toBe(false);
  });
});
