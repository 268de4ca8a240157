import { describe, expect, it } from "vitest";
import { AdaptiveLimit, type AdaptiveLimitOptions, LimitSet } from "manyhands";

interface Phase {
  readonly capacity: number;
  /** How long one takes without a queue, in ms, give or take a fifth. */
  readonly serviceMs: number;
  readonly durationMs: number;
}

interface Seen {
  /** The mean of the limit over the last half of each phase. */
  readonly limits: number[];
  /** The share of the server that was busy then. */
  readonly busy: number[];
}

/**
 * A server that serves so many at once, and lets others wait in line or drops them, under a client that always has more
 * to ask. Events at fake times; chance is a fixed sequence.
 */
function simulate(options: AdaptiveLimitOptions, phases: readonly Phase[], drops: boolean): Seen {
  let now = 1e9;
  const clock = { now: () => now, after: () => () => {} };
  const set = new LimitSet([new AdaptiveLimit(options)], { clock });
  const events: { readonly at: number; readonly run: () => void }[] = [];
  const later = (ms: number, run: () => void): void => {
    const event = { at: now + ms, run };
    let index = events.length;
    while (index > 0 && events[index - 1]!.at < event.at) index -= 1;
    events.splice(index, 0, event);
  };
  let seed = 42;
  const chance = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  let current = phases[0]!;
  let running = 0;
  const line: (() => void)[] = [];
  const start = (done: () => void): void => {
    running += 1;
    later(current.serviceMs * (0.8 + 0.4 * chance()), () => {
      running -= 1;
      done();
      while (running < current.capacity && line.length > 0) start(line.shift()!);
    });
  };
  const askAll = (): void => {
    for (let grant = set.take([1], undefined); grant; grant = set.take([1], undefined)) {
      const taken = grant;
      const done = (): void => taken.release();
      if (running < current.capacity) start(done);
      else if (drops) later(5, () => taken.release("dropped"));
      else line.push(done);
    }
  };
  const seen: Seen = { limits: [], busy: [] };
  for (const phase of phases) {
    current = phase;
    const begin = now;
    const end = begin + phase.durationMs;
    let [sum, busy, count] = [0, 0, 0];
    for (let at = phase.durationMs / 2; at < phase.durationMs; at += 25) {
      later(at, () => {
        sum += set.stats().limits[0]!.capacity;
        busy += running / phase.capacity;
        count += 1;
      });
    }
    askAll();
    while (events.length > 0 && events.at(-1)!.at < end) {
      const event = events.pop()!;
      now = event.at;
      event.run();
      askAll();
    }
    now = end;
    seen.limits.push(sum / count);
    seen.busy.push(busy / count);
  }
  return seen;
}

function within(seen: Seen, phases: readonly Phase[]): void {
  for (const [index, { capacity }] of phases.entries()) {
    expect(Math.abs(seen.limits[index]! / capacity - 1)).toBeLessThan(0.1);
    expect(seen.busy[index]).toBeGreaterThan(0.9);
  }
}

const CHANGES: readonly Phase[] = [40, 80, 25].map((capacity) => ({ capacity, serviceMs: 100, durationMs: 60_000 }));

describe("AdaptiveLimit", () => {
  it("finds by drops what a server can take, within 10 %, and again after that has changed", () => {
    within(simulate({ algorithm: "aimd" }, CHANGES, true), CHANGES);
  });

  it("finds by latency alone what a server can take, within 10 %, and again after that has changed", () => {
    within(simulate({ algorithm: "gradient" }, CHANGES, false), CHANGES);
  });

  it("finds it by gradient also where nothing is late but dropped", () => {
    within(simulate({ algorithm: "gradient" }, CHANGES, true), CHANGES);
  });

  it("comes down from far above, with either", () => {
    const phase = [{ capacity: 40, serviceMs: 100, durationMs: 120_000 }];
    within(simulate({ initial: 300, algorithm: "aimd" }, phase, true), phase);
    within(simulate({ initial: 300, algorithm: "gradient" }, phase, false), phase);
  });

  it("goes on when the server becomes slower or faster for other reasons than a queue", () => {
    const phases = [100, 200, 60].map((serviceMs) => ({ capacity: 40, serviceMs, durationMs: 90_000 }));
    within(simulate({ algorithm: "gradient" }, phases, false), phases);
  });

  it("stays within its bounds", () => {
    const [phase] = CHANGES;
    expect(simulate({ max: 30 }, [phase!], true).limits[0]).toBe(30);
    expect(simulate({ min: 60, initial: 80 }, [phase!], true).limits[0]).toBeGreaterThanOrEqual(60);
  });

  it("shrinks once for what was dropped together, and not for what says nothing", async () => {
    const set = new LimitSet([new AdaptiveLimit({ initial: 100 })]);
    const limit = (): number => set.stats().limits[0]!.capacity;
    const grants = await Promise.all(Array.from({ length: 50 }, () => set.acquire()));
    for (const grant of grants.slice(0, 20)) grant.release("ignored");
    expect(limit()).toBe(100);
    for (const grant of grants.slice(20)) grant.release("dropped");
    expect(limit()).toBe(90);
  });

  it("does not grow while it is not used", async () => {
    const set = new LimitSet([new AdaptiveLimit({ initial: 10 })]);
    for (let index = 0; index < 100; index += 1) (await set.acquire()).release();
    expect(set.stats().limits[0]!.capacity).toBe(10);
  });

  it("serves at least one, and one that is larger than the limit when it is alone", async () => {
    const set = new LimitSet([new AdaptiveLimit({ initial: 4, min: 1 })]);
    const large = await set.acquire({ concurrency: 10 });
    expect(await set.tryAcquire()).toBeUndefined();
    large.release();
    expect(await set.tryAcquire()).toBeDefined();
  });

  it("counts fractions without losing any", async () => {
    const set = new LimitSet([new AdaptiveLimit({ initial: 1, max: 1 })]);
    for (let round = 0; round < 1000; round += 1) {
      const amounts = Array.from({ length: 9 }, (_, index) => ((round * 7 + index * 13) % 11) / 100);
      const grants = await Promise.all(amounts.map(async (concurrency) => set.acquire({ concurrency })));
      for (const grant of grants.toSorted((a, b) => a.amounts.concurrency! - b.amounts.concurrency!)) grant.release();
      expect(set.stats().limits[0]!.inUse).toBe(0);
    }
    expect(await set.tryAcquire()).toBeDefined();
  });

  it("wakes those that wait when it is given back, or corrected", async () => {
    const set = new LimitSet([new AdaptiveLimit({ initial: 1, max: 10 })]);
    const first = await set.acquire();
    const second = set.acquire();
    first.update({ concurrency: 0 });
    (await second).release();
    first.release();
    expect(set.stats().limits[0]!.inUse).toBe(0);
  });

  it.each([
    [{ min: 5, max: 2 }, "Cannot set 'min' as it must not be above 'max': current value is 5 > 2"],
    [{ max: 0 }, "Cannot set 'max' as it must be a finite number above 0: current value is 0"],
    [{ initial: Number.NaN }, "Cannot set 'initial' as it must be a finite number above 0: current value is NaN"],
    [{ algorithm: "vegas" }, "Cannot set 'algorithm' as it must be 'aimd' or 'gradient': current value is 'vegas'"],
  ])("refuses %j", (options, message) => {
    expect(() => new AdaptiveLimit(options as AdaptiveLimitOptions)).toThrow(message);
  });
});
