import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { type StartedThread, startThread } from "../../dist/modes/start-thread.js";

const FILE = new URL("./loading-thread.js", import.meta.url);

/** A thread that loads, or in which one does, until it is let go on. */
async function startLoading(depth: number): Promise<StartedThread & { readonly state: Int32Array; goOn(): void }> {
  const cell = new SharedArrayBuffer(8);
  const state = new Int32Array(cell);
  const started = startThread(FILE, { workerData: { cell, depth } });
  while (Atomics.load(state, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  const goOn = (): void => {
    Atomics.store(state, 1, 1);
    Atomics.notify(state, 1);
  };
  return { ...started, state, goOn };
}

describe("a thread that loads modules", () => {
  it.each([0, 1])("is ended only then (threads within it: %i)", async (depth) => {
    const { thread, end, state, goOn } = await startLoading(depth);
    let hasEnded = false;
    const exited = once(thread, "exit").then(() => (hasEnded = true));
    end();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect([hasEnded, Atomics.load(state, 0)]).toEqual([false, 1]);
    goOn();
    await exited;
  });

  it("is not waited for by others", async () => {
    const loading = await startLoading(0);
    const other = await startLoading(0);
    other.goOn();
    await once(other.thread, "message");
    const exited = once(other.thread, "exit");
    other.end();
    await exited;
    expect(Atomics.load(loading.state, 0)).toBe(1);
    loading.goOn();
    loading.end();
    await once(loading.thread, "exit");
  });

  it("is ended after a second, come what may", async () => {
    const { thread, end } = await startLoading(0);
    const start = performance.now();
    end();
    await once(thread, "exit");
    expect(performance.now() - start).toBeGreaterThan(950);
  });
});
