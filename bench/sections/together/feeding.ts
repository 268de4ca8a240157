import { promise as fastq } from "fastq";
import { Queue } from "manyhands";
import PQueue from "p-queue";
import { contest } from "../../contest.js";
import { REFERENCE } from "../../peer.js";
import type { Section } from "../../section.js";

const ITEMS = 1000;
const FIRST = { consumers: 10, longest: 10 };
const SECOND = { consumers: 5, longest: 5 };
const CAPACITY = 32;

type Stage = (item: number) => Promise<void>;

/** A way of all items through both stages. */
interface Way {
  readonly name: string;
  run(first: Stage, second: Stage): Promise<void>;
}

const ways: readonly Way[] = [
  {
    name: REFERENCE,
    run: async (first, second) => {
      const [todo, tokens] = [new Queue<number>({ capacity: CAPACITY }), new Queue<number>({ capacity: CAPACITY })];
      const fetching = todo.consume(
        async (item) => {
          await first(item);
          await tokens.put(item);
        },
        { concurrency: FIRST.consumers },
      );
      const processing = tokens.consume(second, { concurrency: SECOND.consumers });
      for (let item = 0; item < ITEMS; item += 1) await todo.put(item);
      todo.close();
      await fetching;
      tokens.close();
      await processing;
    },
  },
  {
    name: "fastq, unbounded",
    run: async (first, second) => {
      const tokens = fastq(second, SECOND.consumers);
      const todo = fastq(async (item: number) => {
        await first(item);
        void tokens.push(item);
      }, FIRST.consumers);
      for (let item = 0; item < ITEMS; item += 1) void todo.push(item);
      await todo.drained();
      await tokens.drained();
    },
  },
  {
    name: "p-queue, unbounded",
    run: async (first, second) => {
      const [todo, tokens] = [
        new PQueue({ concurrency: FIRST.consumers }),
        new PQueue({ concurrency: SECOND.consumers }),
      ];
      for (let item = 0; item < ITEMS; item += 1) {
        void todo.add(async () => {
          await first(item);
          void tokens.add(() => second(item));
        });
      }
      await todo.onIdle();
      await tokens.onIdle();
    },
  },
];

/** Two stages that wait, with queues between them, as in "Parallel feeding and reading from queues". */
export const feeding: Section = {
  name: "feeding",
  run: async (context) => [
    {
      title: `Two stages of ${FIRST.consumers} and ${SECOND.consumers} consumers, ${ITEMS.toLocaleString("en-US")} items`,
      unit: "× the ideal",
      better: "lower",
      notes: [
        `Items wait for 0 to ${FIRST.longest} ms, then for 0 to ${SECOND.longest} ms. The ideal is made of the times that ` +
          "the waits of the same run really took: whoever is free takes the next item, without any delay.",
      ],
      rows: await contest(
        context.select(ways).map(({ name, run }) => ({ name, measure: () => timesIdeal(run) })),
        { ...context, warmUpMs: 0 },
      ),
    },
  ],
};

async function timesIdeal(run: Way["run"]): Promise<number> {
  const pauses = [FIRST, SECOND].map(() => Array.from({ length: ITEMS }, () => 0));
  const [first, second] = [FIRST, SECOND].map(({ longest }, stage): Stage => async (item) => {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
    pauses[stage]![item] = performance.now() - start;
  });
  const start = performance.now();
  await run(first!, second!);
  const took = performance.now() - start;
  const fetched = schedule(
    FIRST.consumers,
    pauses[0]!.map((ms) => ({ ready: 0, ms })),
  );
  const inOrder = fetched
    .map((ready, item) => ({ ready, ms: pauses[1]![item]! }))
    .toSorted((a, b) => a.ready - b.ready);
  return took / Math.max(...schedule(SECOND.consumers, inOrder));
}

/** When each item is done: list scheduling (Graham 1966), where each in turn goes to the consumer that is free first. */
function schedule(consumers: number, items: readonly { readonly ready: number; readonly ms: number }[]): number[] {
  const free = Array.from({ length: consumers }, () => 0);
  return items.map(({ ready, ms }) => {
    const consumer = free.indexOf(Math.min(...free));
    return (free[consumer] = Math.max(free[consumer]!, ready) + ms);
  });
}
