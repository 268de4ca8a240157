import fc from "fast-check";
import { BudgetExceededError } from "manyhands";
import { describe, expect, it } from "vitest";
import { Spending } from "../../../dist/prompts/client/spending.js";

const PRICE = { input: 1, output: 4, cached: 0.1 };

describe("Spending", () => {
  it("costs what the answers took, those of a cache less", () => {
    const spending = new Spending(PRICE, undefined);
    spending.add({ input: 1_000_000, output: 500_000, cached: 400_000 });
    expect(spending.cost).toBeCloseTo(0.6 + 0.04 + 2, 12);
    expect(spending.usage).toEqual({ input: 1_000_000, output: 500_000, cached: 400_000 });
  });

  it("has no cost without prices", () => {
    const spending = new Spending(undefined, undefined);
    spending.reserve({ input: 1, output: 1 })();
    expect(spending.cost).toBeUndefined();
  });

  it("says what was spent when it refuses", () => {
    const spending = new Spending(PRICE, 1, 0.5);
    spending.add({ input: 500_000, output: 0 });
    expect(() => spending.reserve({ input: 1, output: 1 })).toThrow(/the answers so far cost 1, .* of 'maxCost' 1$/);
    expect(() => spending.reserve({ input: 1, output: 1 })).toThrow(BudgetExceededError);
  });

  it("is exceeded by no more than the last request and what estimates err", () => {
    const request = fc.record({
      guess: fc.record({ input: fc.nat(1000), output: fc.nat(1000) }),
      error: fc.nat(500),
      isLate: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), fc.integer({ min: 1, max: 20_000 }), (requests, millionths) => {
        const maxCost = millionths / 1e6;
        const spending = new Spending({ input: 1, output: 1 }, maxCost);
        const late: (() => void)[] = [];
        let erred = 0;
        let largest = 0;
        for (const { guess, error, isLate } of requests) {
          let release: () => void;
          try {
            release = spending.reserve(guess);
          } catch {
            break;
          }
          erred += error;
          largest = Math.max(largest, guess.input + guess.output);
          const end = (): void => {
            spending.add({ input: guess.input + error, output: guess.output });
            release();
          };
          if (isLate) late.push(end);
          else end();
        }
        for (const end of late) end();
        expect(spending.cost! * 1e6).toBeLessThanOrEqual(millionths + erred + largest + 1e-6);
      }),
      { numRuns: 100 },
    );
  });
});
