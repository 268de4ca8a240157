import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../dist/pool/options.js";
import { Pace } from "../../dist/pool/pace.js";

const options = { maxQueuedTasks: 100, queuedWork: 20, concurrency: 1 };

function paceAfter(...runs: number[]): Pace {
  const pace = new Pace(2);
  for (const ran of runs) pace.record(ran);
  return pace;
}

const times = (count: number, ran: number): number[] => Array.from({ length: count }, () => ran);

describe("Pace", () => {
  test("hands two calls ahead until it knows how long they take", () => {
    expect(new Pace(2).ahead(options)).toBe(2);
  });

  test("hands ahead what the work allows, at least two and at most 'maxQueuedTasks'", () => {
    expect(paceAfter(...times(100, 1)).ahead(options)).toBe(19);
    expect(paceAfter(...times(100, 0)).ahead(options)).toBe(100);
    expect(paceAfter(...times(100, 5000)).ahead(options)).toBe(2);
    expect(paceAfter(...times(100, 5000)).ahead({ ...options, maxQueuedTasks: 0 })).toBe(0);
    expect(paceAfter(...times(100, 1)).ahead({ ...options, concurrency: 4 })).toBe(79);
  });

  test("takes few calls to notice that they became long", () => {
    expect(paceAfter(...times(100, 0), 1000).ahead(options)).toBe(2);
  });

  test("matters in mode distributed only, and where 'maxQueuedTasks' is not given", () => {
    const slow = paceAfter(...times(100, 5000));
    expect(slow.ahead(resolveOptions({ mode: "distributed" }))).toBe(2);
    expect(slow.ahead(resolveOptions({ mode: "distributed", maxQueuedTasks: 32 }))).toBe(32);
    expect(slow.ahead(resolveOptions({ mode: "thread" }))).toBe(100);
    expect(slow.ahead(resolveOptions({ mode: "process" }))).toBe(5);
    expect(slow.ahead(resolveOptions({ mode: "sync" }))).toBe(0);
  });
});
