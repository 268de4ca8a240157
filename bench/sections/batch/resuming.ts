import { runBatch } from "manyhands/batch";
import { contest } from "../../contest.js";
import type { Section } from "../../section.js";
import { withRows } from "./rows-file.js";

const ROWS = 1_000_000;

/** How long it takes to find out that nothing is left to do. */
export const resuming: Section = {
  name: "resuming",
  run: async (context) => {
    const rows = await withRows(ROWS, async (input, output) => {
      await runBatch({ input, output, run: ({ id }: { id: number }) => id });
      const measure = async (): Promise<number> => {
        const { elapsed, skipped } = await runBatch({ input, output, resume: true, run: () => 0 });
        if (skipped !== ROWS) throw new Error(`Cannot use the figure as ${ROWS - skipped} items were run again`);
        return elapsed;
      };
      return contest([{ name: "manyhands", measure }], { ...context, warmUpMs: 1 });
    });
    return [
      {
        title: `Resuming a complete output of ${ROWS.toLocaleString("en-US")} lines`,
        unit: "ms",
        better: "lower",
        notes: ["The output is scanned, and the input is read again."],
        rows,
      },
    ];
  },
};
