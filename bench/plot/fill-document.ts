/** Puts the figures of a run into a document, between marks that stay: `<!-- bench: table serial -->` and `<!-- /bench -->`. */
import { judge } from "../compare.js";
import { describeRun, formatFinding, formatVerdicts, type Results } from "../report.js";
import { judgeGrowth, type Soak } from "../soak-growth.js";

/** What a document is filled with. */
export interface Filling {
  readonly results: Results;
  readonly soaks: readonly Soak[];
}

const MARK = /<!-- bench: ([\w-]+)(?: ([\w-]+))? -->\n[\s\S]*?<!-- \/bench -->/g;

/** @throws {RangeError} for a mark that asks for something that was not measured */
export function fillDocument(document: string, filling: Filling): string {
  return document.replaceAll(MARK, (_, what: string, id: string | undefined) => {
    const name = id === undefined ? what : `${what} ${id}`;
    return `<!-- bench: ${name} -->\n\n${contentOf(what, id, filling).join("\n")}\n\n<!-- /bench -->`;
  });
}

function contentOf(what: string, id: string | undefined, { results, soaks }: Filling): string[] {
  if (what === "run") return describeRun(results);
  if (what === "bars") return formatVerdicts(judge(results.tables));
  if (what === "soak") {
    return soaks.map(
      ({ mode, calls, samples }) =>
        `- Mode \`${mode}\`, ${calls.toLocaleString("en-US")} calls. ${judgeGrowth(samples).text}`,
    );
  }
  const table = what === "table" ? results.tables.find((one) => "id" in one && one.id === id) : undefined;
  if (!table) throw new RangeError(`Cannot fill the mark '${what} ${id}' as there is no such table: run all sections`);
  return formatFinding(table);
}
