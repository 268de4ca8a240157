import { PassThrough } from "node:stream";
import { promise as fastq } from "fastq";
import { Queue } from "manyhands";
import PQueue from "p-queue";
import { contest } from "../../contest.js";
import { REFERENCE } from "../../peer.js";
import type { Section, SectionContext, Table } from "../../section.js";

const ITEMS = 300_000;
const CAPACITY = 16;
const CONSUMERS = 4;

/** A way of all items through a queue; returns the sum of what came out. */
interface Way {
  readonly name: string;
  run(count: number): Promise<number>;
}

/** One producer that waits for room, and loops that take. */
const loops: readonly Way[] = [
  { name: `${REFERENCE}, for await`, run: (count) => throughLoops(count, 1) },
  { name: `${REFERENCE}, for await × ${CONSUMERS}`, run: (count) => throughLoops(count, CONSUMERS) },
  {
    name: `${REFERENCE}, take`,
    run: async (count) => {
      const queue = new Queue<number>({ capacity: CAPACITY });
      const feeding = feed(queue, count);
      let sum = 0;
      for (let taken = 0; taken < count; taken += 1) sum += await queue.take();
      await feeding;
      return sum;
    },
  },
  {
    name: "node:stream PassThrough",
    run: async (count) => {
      const stream = new PassThrough({ objectMode: true, highWaterMark: CAPACITY });
      const feeding = (async () => {
        for (let item = 1; item <= count; item += 1) {
          if (!stream.write(item)) await new Promise((resolve) => stream.once("drain", resolve));
        }
        stream.end();
      })();
      let sum = 0;
      for await (const item of stream) sum += item as number;
      await feeding;
      return sum;
    },
  },
  {
    name: "TransformStream",
    run: async (count) => {
      const { readable, writable } = new TransformStream<number, number>(
        {},
        { highWaterMark: CAPACITY },
        { highWaterMark: CAPACITY },
      );
      const feeding = (async () => {
        const writer = writable.getWriter();
        for (let item = 1; item <= count; item += 1) {
          await writer.ready;
          void writer.write(item);
        }
        await writer.close();
      })();
      let sum = 0;
      for await (const item of readable) sum += item;
      await feeding;
      return sum;
    },
  },
];

/** An asynchronous function for each item, several at once. */
const functions: readonly Way[] = [
  {
    name: `${REFERENCE}, consume, put`,
    run: async (count) => {
      const queue = new Queue<number>({ capacity: CAPACITY });
      const adder = new Adder();
      const consumer = queue.consume((item) => adder.add(item), { concurrency: CONSUMERS });
      await feed(queue, count);
      await consumer;
      return adder.sum;
    },
  },
  {
    name: `${REFERENCE}, consume, all at once`,
    run: async (count) => {
      const queue = new Queue<number>();
      const adder = new Adder();
      const consumer = queue.consume((item) => adder.add(item), { concurrency: CONSUMERS });
      for (let item = 1; item <= count; item += 1) queue.tryPut(item);
      queue.close();
      await consumer;
      return adder.sum;
    },
  },
  {
    name: "fastq, all at once",
    run: async (count) => {
      const adder = new Adder();
      const queue = fastq((item: number) => adder.add(item), CONSUMERS);
      for (let item = 1; item <= count; item += 1) void queue.push(item);
      await queue.drained();
      return adder.sum;
    },
  },
  {
    name: "p-queue, all at once",
    run: async (count) => {
      const adder = new Adder();
      const queue = new PQueue({ concurrency: CONSUMERS });
      for (let item = 1; item <= count; item += 1) void queue.add(() => adder.add(item));
      await queue.onIdle();
      return adder.sum;
    },
  },
];

/** What a queue costs for each item, where what is done with it costs nothing. */
export const queue: Section = {
  name: "queue",
  run: async (context) => [
    await compare(
      `${ITEMS.toLocaleString("en-US")} items from a producer that waits for room (${CAPACITY}) to a loop`,
      loops,
      context,
    ),
    await compare(
      `${ITEMS.toLocaleString("en-US")} items, a function that does nothing for each, ${CONSUMERS} at once`,
      functions,
      context,
    ),
  ],
};

class Adder {
  sum = 0;

  async add(item: number): Promise<void> {
    this.sum += item;
  }
}

async function compare(title: string, ways: readonly Way[], context: SectionContext): Promise<Table> {
  const rows = await contest(
    context.select(ways).map(({ name, run }) => ({ name, measure: () => nanoseconds(run) })),
    context,
  );
  return { title, unit: "ns for each", better: "lower", notes: [], rows };
}

async function nanoseconds(run: Way["run"]): Promise<number> {
  const start = performance.now();
  const sum = await run(ITEMS);
  const elapsed = performance.now() - start;
  if (sum !== (ITEMS * (ITEMS + 1)) / 2) throw new Error(`Cannot count the items as they add up to ${sum}`);
  return (elapsed * 1e6) / ITEMS;
}

async function feed(target: Queue<number>, count: number): Promise<void> {
  for (let item = 1; item <= count; item += 1) await target.put(item);
  target.close();
}

async function throughLoops(count: number, consumers: number): Promise<number> {
  const through = new Queue<number>({ capacity: CAPACITY });
  let sum = 0;
  const looping = Array.from({ length: consumers }, async () => {
    for await (const item of through) sum += item;
  });
  await feed(through, count);
  await Promise.all(looping);
  return sum;
}
