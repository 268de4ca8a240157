import { runBatch } from "manyhands/batch";
import { contest } from "../../contest.js";
import type { Section } from "../../section.js";
import { withRows } from "./rows-file.js";

const LENGTHS = [100_000, 1_000_000, 10_000_000];

/** Memory must not grow with the input. */
export const many: Section = {
  name: "many",
  run: async (context) => {
    const rows = [];
    for (const length of LENGTHS) {
      const name = `manyhands, ${length.toLocaleString("en-US")} lines`;
      const found = await withRows(length, (input, output) => {
        const measure = async (): Promise<number> => {
          globalThis.gc?.();
          let peak = 0;
          const run = async ({ id }: { id: number }): Promise<number> => {
            // Looking costs more than running.
            if (id % 20_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
            return id;
          };
          await runBatch({ input, output, overwrite: true, ordered: true, run });
          return peak / 1e6;
        };
        return contest([{ name, measure }], { ...context, rounds: 1, warmUpMs: 0 });
      });
      rows.push(...found);
    }
    return [
      {
        title: "Memory of the process at most, input and output being files",
        unit: "MB",
        better: "lower",
        notes: [
          "Measured once each, one after the other; with `--expose-gc` memory of the one before is given back first.",
        ],
        rows,
      },
    ];
  },
};
