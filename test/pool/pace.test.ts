import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../dist/pool/options.js";
import { Pace } from "../../dist/pool/pace.js";

const options = { maxQueuedTasks: 100, queuedWork: 20, concurrency: 1 };

let now = 0;

function paceAfter(runs: readonly number[], given: Partial<typeof options> = {}): Pace {
  const pace = new Pace({ ...options, ...given }, undefined, () => now);
  for (const ran of runs) {
    pace.record(ran);
    pace.heard();
  }
  return pace;
}

const times = (count: number, ran: number): number[] => Array.from({ length: count }, () => ran);

describe("Pace", () => {
  test("hands two calls ahead until it knows how long they take", () => {
    expect(paceAfter([]).ahead).toBe(2);
  });

  test("hands ahead what the work allows, at least two and at most 'maxQueuedTasks'", () => {
    expect(paceAfter(times(100, 1)).ahead).toBe(20);
    expect(paceAfter(times(100, 0)).ahead).toBe(100);
    expect(paceAfter(times(100, 5000)).ahead).toBe(2);
    expect(paceAfter(times(100, 5000), { maxQueuedTasks: 0 }).ahead).toBe(0);
    expect(paceAfter(times(100, 5000), { maxQueuedTasks: 1 }).ahead).toBe(1);
    expect(paceAfter(times(100, 1), { concurrency: 4 }).ahead).toBe(80);
  });

  test("at most doubles with each answer, so that one worker does not take all before the others answer", () => {
    const pace = paceAfter([]);
    const seen: number[] = [];
    for (let answer = 0; answer < 8; answer += 1) {
      for (const ran of times(10, 0)) pace.record(ran);
      pace.heard();
      seen.push(pace.ahead);
    }
    expect(seen).toEqual([4, 8, 16, 32, 64, 100, 100, 100]);
  });

  test("takes one call to notice that they became long, and many to notice that they became short", () => {
    expect(paceAfter([...times(100, 0), 1000]).ahead).toBe(2);
    expect(paceAfter([1000, ...times(100, 0)]).ahead).toBe(2);
    expect(paceAfter([1000, ...times(1000, 0)]).ahead).toBe(100);
  });

  test("takes some long ones among short ones for what they are: few are handed ahead", () => {
    const mixed = Array.from({ length: 1000 }, (_, index) => (index % 20 === 0 ? 50 : 0));
    expect(paceAfter(mixed).ahead).toBeLessThan(10);
  });

  test("matters where 'maxQueuedTasks' is not given, in modes where messages travel", () => {
    const aheadOf = (given: Parameters<typeof resolveOptions>[0], ran: number): number => {
      const pace = new Pace(resolveOptions(given));
      for (const one of times(300, ran)) {
        pace.record(one);
        pace.heard();
      }
      return pace.ahead;
    };
    expect(aheadOf({ mode: "distributed" }, 5000)).toBe(2);
    expect(aheadOf({ mode: "distributed" }, 0)).toBe(100);
    expect(aheadOf({ mode: "distributed", maxQueuedTasks: 32 }, 5000)).toBe(32);
    for (const mode of ["thread", "process"] as const) {
      expect(aheadOf({ mode }, 5000)).toBe(2);
      expect(aheadOf({ mode }, 0.5)).toBe(10);
      expect(aheadOf({ mode }, 0)).toBe(1000);
      expect(aheadOf({ mode, maxQueuedTasks: 7 }, 5000)).toBe(7);
    }
    expect(aheadOf({ mode: "sync" }, 1)).toBe(0);
  });

  describe("with a worker that says nothing", () => {
    test("adds no more than two once that takes longer than the work should, until it says something", () => {
      const pace = paceAfter(times(100, 0));
      now += 1;
      pace.heard();
      expect(pace.mayAdd(50)).toBe(true);
      now += 21;
      expect(pace.mayAdd(50)).toBe(false);
      expect(pace.mayAdd(3)).toBe(false);
      expect(pace.mayAdd(2)).toBe(true);
      now += 1;
      pace.heard();
      expect(pace.mayAdd(50)).toBe(true);
    });

    test("does not mind where 'maxQueuedTasks' was given", () => {
      const pace = paceAfter(times(100, 0), { queuedWork: Number.POSITIVE_INFINITY });
      now += 1000;
      expect(pace.mayAdd(50)).toBe(true);
    });
  });
});
