/** Groups of random programs, which fail, cancel, spawn and open groups whenever they like. */
import fc from "fast-check";
import { type Future, type TaskGroup, taskGroup } from "manyhands";
import { expect, it } from "vitest";

interface Program {
  /** Steps of work, one microtask each. */
  readonly steps: number;
  /** Steps that it still takes once its signal has fired. */
  readonly cleanup: number;
  readonly ending: "return" | "throw" | "cancel";
  /** Whether its cleanup fails. */
  readonly isBadAtCleanup: boolean;
  readonly spawns: readonly Program[];
  /** A group that it opens, and awaits. */
  readonly inner: readonly Program[];
}

const { program } = fc.letrec<{ program: Program }>((tie) => ({
  program: fc.record({
    steps: fc.nat(6),
    cleanup: fc.nat(4),
    ending: fc.constantFrom("return", "return", "return", "throw", "cancel"),
    isBadAtCleanup: fc.boolean(),
    spawns: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant([]),
      fc.array(tie("program"), { maxLength: 3 }),
    ),
    inner: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant([]),
      fc.array(tie("program"), { maxLength: 2 }),
    ),
  }),
}));

/** What is to be known of one group and all that happens in it. */
class Watch {
  readonly concurrency: number;
  readonly handles: Future<unknown>[] = [];
  readonly thrown = new Set<unknown>();
  begun = 0;
  running = 0;
  most = 0;
  /** How many had begun when the signal fired. */
  begunAtAbort: number | undefined;

  constructor(concurrency: number) {
    this.concurrency = concurrency;
  }
}

async function open(
  programs: readonly Program[],
  concurrency: number,
  all: Watch[],
  outer?: AbortSignal,
): Promise<void> {
  const watch = new Watch(concurrency);
  all.push(watch);
  let error: unknown;
  try {
    await taskGroup(
      async (opened) => {
        opened.signal.addEventListener("abort", () => (watch.begunAtAbort = watch.begun));
        for (const child of programs) spawn(opened, child, watch, all);
      },
      { concurrency },
    );
  } catch (caught) {
    error = caught;
  }
  // No child outlives the group, and none is left undecided.
  expect(watch.running).toBe(0);
  for (const handle of watch.handles) expect(["done", "failed", "cancelled"]).toContain(handle.status);
  expect(watch.most).toBeLessThanOrEqual(concurrency);
  // A cancelled group starts nothing more.
  if (watch.begunAtAbort !== undefined) expect(watch.begun).toBe(watch.begunAtAbort);
  // All errors, and nothing but errors.
  if (watch.thrown.size > 0) expect(new Set((error as AggregateError).errors)).toEqual(watch.thrown);
  // One that had ended when the outer one was cancelled does not know of it.
  else if (error !== undefined) expect(outer?.aborted === true && error === outer.reason).toBe(true);
  if (error !== undefined) throw error;
}

function spawn(group: TaskGroup, program: Program, watch: Watch, all: Watch[]): void {
  try {
    watch.handles.push(group.spawn((signal) => run(group, program, signal, watch, all)));
  } catch (error) {
    expect(error).toBe(group.signal.reason);
  }
}

async function run(group: TaskGroup, program: Program, signal: AbortSignal, watch: Watch, all: Watch[]): Promise<void> {
  watch.begun += 1;
  watch.running += 1;
  watch.most = Math.max(watch.most, watch.running);
  try {
    for (let step = 0; step < program.steps && !signal.aborted; step += 1) await Promise.resolve();
    for (const child of program.spawns) spawn(group, child, watch, all);
    if (program.inner.length > 0) {
      await open(program.inner, 2, all, signal).catch((error: unknown) => {
        if (error instanceof AggregateError) watch.thrown.add(error);
        throw error;
      });
    }
    if (signal.aborted) {
      for (let step = 0; step < program.cleanup; step += 1) await Promise.resolve();
      if (program.isBadAtCleanup) fail(watch);
      throw signal.reason;
    }
    if (program.ending === "cancel") group.cancel();
    if (program.ending === "throw") fail(watch);
  } finally {
    watch.running -= 1;
  }
}

function fail(watch: Watch): never {
  const error = new Error("no luck");
  watch.thrown.add(error);
  throw error;
}

it("no child outlives its group, whatever fails when; no place is given early; no error is lost", async () => {
  let groups = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(program, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 4 }),
      async (programs, concurrency) => {
        const all: Watch[] = [];
        await open(programs, concurrency, all).catch((error: unknown) => {
          if ((error as Error).name === "AssertionError") throw error;
        });
        groups += all.length;
        for (const watch of all) expect(watch.running).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
  expect(groups).toBeGreaterThan(150);
});
