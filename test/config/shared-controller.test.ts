import { map, pipeline, Queue, ResourcePool, taskGroup } from "manyhands";
import { runBatch } from "manyhands/batch";
import { Readable, Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ListeningWorker } from "#fixtures/listening.js";

/** More than Node takes for no leak. */
const MANY = 20;

function listen(signal: AbortSignal): void {
  for (let listener = 0; listener < MANY; listener += 1) signal.addEventListener("abort", () => undefined);
}
const use = (_item: unknown, { signal }: { signal: AbortSignal }): void => listen(signal);

/** What Node says of leaks while this runs. */
async function warningsOf(run: () => unknown): Promise<string[]> {
  const warnings: string[] = [];
  const hear = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", hear);
  try {
    await run();
    await turn();
  } finally {
    process.off("warning", hear);
  }
  return warnings;
}

describe("a signal that is given to functions may have many listeners", () => {
  // Node 22 and later warn no more.
  it.skipIf(Number.parseInt(process.versions.node, 10) >= 22)("which Node warns of elsewhere", async () => {
    expect(await warningsOf(() => listen(new AbortController().signal))).toEqual(["MaxListenersExceededWarning"]);
  });

  it.each<[string, () => unknown]>([
    ["a mapping", () => map([1], use)],
    ["a stage", () => pipeline([1]).stage(use).run()],
    ["a stage with a timeout", () => pipeline([1]).stage(use, { timeout: 1000 }).run()],
    ["a group", () => taskGroup((group) => listen(group.signal))],
    ["a child", () => taskGroup((group) => group.spawn(listen))],
    ["a consumer", consume],
    ["a resource", makeResource],
    ["a batch", runOneLine],
    ["a call", callOnce],
  ])("that of %s", async (_name, run) => {
    expect(await warningsOf(run)).toEqual([]);
  });
});

async function consume(): Promise<void> {
  const queue = new Queue<number>();
  const consumer = queue.consume(use);
  await queue.put(1);
  queue.close();
  expect(await consumer).toBe(1);
}

async function makeResource(): Promise<void> {
  await using pool = new ResourcePool({ create: ({ signal }) => listen(signal), destroy: () => undefined });
  await pool.use(() => undefined);
}

async function runOneLine(): Promise<void> {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const { done } = await runBatch({ input: Readable.from([Buffer.from("1\n")]), output, run: use });
  expect(done).toBe(1);
}

async function callOnce(): Promise<void> {
  await using pool = ListeningWorker.options({ mode: "async" }).init();
  expect(await pool.listen(MANY)).toBe(MANY);
}
