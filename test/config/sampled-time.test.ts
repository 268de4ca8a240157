import { describe, expect, it } from "vitest";
import { SampledTime } from "../../dist/config/sampled-time.js";

/** Makes a call; returns whether it was timed, and how long it is said to have run. */
function make(time: SampledTime, work = (): void => {}): { isTimed: boolean; ran: number } {
  time.now();
  const startedAt = time.begin();
  work();
  const ran = time.end(startedAt);
  return { isTimed: startedAt !== undefined, ran };
}

/** Makes calls until one is not timed; a machine that is busy may take its time. */
function makeDense(time: SampledTime): void {
  for (let n = 0; n < 100_000; n += 1) if (!make(time).isTimed) return;
  throw new Error("No call went untimed");
}

function busyFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe("calls that follow each other closely", () => {
  it("are timed one in sixteen, which stands for the others (S2)", () => {
    const time = new SampledTime();
    for (let tries = 0; tries < 1000; tries += 1) {
      makeDense(time);
      const calls = Array.from({ length: 14 }, () => make(time));
      if (calls.some(({ isTimed }) => isTimed)) continue;
      expect(new Set(calls.map(({ ran }) => ran)).size).toBe(1);
      expect(make(time).isTimed).toBe(true);
      return;
    }
    throw new Error("No sixteen calls were dense");
  });

  it("are timed again in the next turn of the event loop", async () => {
    const time = new SampledTime();
    makeDense(time);
    await new Promise((resolve) => setImmediate(resolve));
    expect(make(time).isTimed).toBe(true);
  });
});

it("times each of the calls that take longer (S1)", () => {
  const time = new SampledTime();
  for (let n = 0; n < 40; n += 1) {
    const { isTimed, ran } = make(time, () => busyFor(0.02));
    expect(isTimed).toBe(true);
    expect(ran).toBeGreaterThanOrEqual(0.02);
  }
});

it("times each again when they become longer", () => {
  const time = new SampledTime();
  makeDense(time);
  const calls = Array.from({ length: 40 }, () => make(time, () => busyFor(0.02)));
  expect(calls.slice(16).every(({ isTimed }) => isTimed)).toBe(true);
});
