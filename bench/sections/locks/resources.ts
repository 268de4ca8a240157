import { contest } from "../../contest.js";
import { type Lender, resourcePeers } from "../../peers/resources/resource-peers.js";
import type { Section, SectionContext, Table } from "../../section.js";

const RESOURCES = 8;
const CALLERS = 64;
const TIMES = 100_000;

/** What it costs to borrow a resource that is there already. */
export const resources: Section = {
  name: "resources",
  run: async (context) => [
    await compare("8 resources, one caller", 1, context),
    await compare(`8 resources, ${CALLERS} callers`, CALLERS, context),
  ],
};

async function compare(title: string, callers: number, context: SectionContext): Promise<Table> {
  context.say(title);
  const lenders = context.select(resourcePeers).map(({ name, open }) => ({ name, lender: open(RESOURCES) }));
  const rows = await contest(
    lenders.map(({ name, lender }) => ({ name, measure: () => nanosecondsPerUse(lender, callers) })),
    context,
  );
  for (const { lender } of lenders) await lender.close();
  return {
    title,
    unit: "ns",
    better: "lower",
    notes: ["Borrowing, awaiting an empty function, and giving back. No validation."],
    rows,
  };
}

async function nanosecondsPerUse(lender: Lender, callers: number): Promise<number> {
  const each = Math.ceil(TIMES / callers);
  const use = async (resource: { uses: number }): Promise<void> => {
    resource.uses += 1;
  };
  const call = async (): Promise<void> => {
    for (let index = 0; index < each; index += 1) await lender.use(use);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: callers }, call));
  return ((performance.now() - start) * 1e6) / (each * callers);
}
