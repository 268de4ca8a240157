import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RetryBudget } from "../../dist/retry/budget.js";

interface Step {
  readonly kind: "deposit" | "withdraw";
  /** Time that passes before it, in ms. */
  readonly after: number;
  readonly times: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("deposit" as const, "withdraw" as const),
    after: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 3000 }) },
      fc.integer({ min: 0, max: 40_000 }),
    ),
    times: fc.integer({ min: 1, max: 12 }),
  }),
  { maxLength: 60, size: "max" },
);
const start = fc.integer({ min: -50_000, max: 1e9 });
/** In hundredths and tenths, so that the model can count in whole numbers. */
const ratio = fc.integer({ min: 0, max: 250 }).map((hundredths) => hundredths / 100);
const min = fc.integer({ min: 0, max: 20 }).map((tenths) => tenths / 10);

interface Event {
  readonly kind: "call" | "retry";
  readonly second: number;
}

/** Runs the steps; `expected` sees what was allowed before each withdrawal. */
function run(
  budget: RetryBudget,
  from: number,
  given: readonly Step[],
  check: (events: readonly Event[], second: number, isAllowed: boolean) => void = () => {},
): Event[] {
  const events: Event[] = [];
  let now = from;
  for (const { kind, after, times } of given) {
    now += after;
    const second = Math.floor(now / 1000);
    for (let time = 0; time < times; time += 1) {
      if (kind === "deposit") {
        budget.deposit(now);
        events.push({ kind: "call", second });
        continue;
      }
      const isAllowed = budget.withdraw(now);
      check(events, second, isAllowed);
      if (isAllowed) events.push({ kind: "retry", second });
    }
  }
  return events;
}

const count = (events: readonly Event[], kind: Event["kind"], since = Number.NEGATIVE_INFINITY): number =>
  events.filter((event) => event.kind === kind && event.second >= since).length;

describe("RetryBudget", () => {
  it("allows a retry exactly when the last ten seconds pay for it (B1)", () => {
    fc.assert(
      fc.property(ratio, min, start, steps, (perCall, perSecond, from, given) => {
        run(new RetryBudget(perCall, perSecond), from, given, (events, second, isAllowed) => {
          const hundredths =
            Math.round(perCall * 100) * count(events, "call", second - 9) + Math.round(perSecond * 10) * 100;
          expect(isAllowed).toBe((count(events, "retry", second - 9) + 1) * 100 <= hundredths);
        });
      }),
      { numRuns: 100 },
    );
  });

  it("never allows more than ratio x calls, and the reserve of each ten seconds begun, in any run (B2)", () => {
    fc.assert(
      fc.property(ratio, min, start, steps, (perCall, perSecond, from, given) => {
        const events = run(new RetryBudget(perCall, perSecond), from, given);
        if (events.length === 0) return;
        const windows = Math.ceil((events.at(-1)!.second - events[0]!.second + 1) / 10);
        const most = perCall * count(events, "call") + perSecond * 10 * windows;
        expect(count(events, "retry")).toBeLessThanOrEqual(most + 1e-6);
      }),
      { numRuns: 300 },
    );
  });

  it("allows 10 a second, to be had at once, unless told otherwise", () => {
    const budget = new RetryBudget(0);
    const allowed = Array.from({ length: 150 }, () => budget.withdraw(0)).filter(Boolean).length;
    expect(allowed).toBe(100);
  });

  it.each([
    [0.1, 10, 1],
    [0.2, 5, 1],
    [0.29, 100, 29],
    [0.7, 10, 7],
    [1.1, 10, 11],
  ])("allows at a ratio of %d for %d calls exactly %d, despite rounding", (perCall, calls, expected) => {
    const budget = new RetryBudget(perCall, 0);
    for (let call = 0; call < calls; call += 1) budget.deposit(0);
    const allowed = Array.from({ length: expected + 5 }, () => budget.withdraw(0)).filter(Boolean).length;
    expect(allowed).toBe(expected);
  });

  it("remembers a call for ten seconds, and no longer", () => {
    const [kept, gone] = [new RetryBudget(1, 0), new RetryBudget(1, 0)];
    kept.deposit(999);
    gone.deposit(999);
    expect(kept.withdraw(9999)).toBe(true);
    expect(gone.withdraw(10_000)).toBe(false);
  });

  it("takes a time that went back for the last it knew", () => {
    const budget = new RetryBudget(1, 0);
    budget.deposit(20_000);
    budget.deposit(5000);
    expect([budget.withdraw(4000), budget.withdraw(29_000), budget.withdraw(29_000)]).toEqual([true, true, false]);
  });
});
