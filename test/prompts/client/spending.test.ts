import fc from "fast-check";
import { BudgetExceededError } from "manyhands";
import { describe, expect, it } from "vitest";
import { type Settle, Spending } from "../../../dist/prompts/client/spending.js";

const PRICE = { input: 1, output: 4, cached: 0.1 };
const NEVER = new AbortController().signal;

/** What there is money for at once. */
function hold(spending: Spending, guess: { input: number; output: number }): Settle {
  const held = spending.reserve(guess, NEVER);
  if (held instanceof Promise) throw new Error("it must wait");
  return held;
}

describe("Spending", () => {
  it("costs what the answers took, those of a cache less", () => {
    const spending = new Spending(PRICE, undefined);
    spending.add({ input: 1_000_000, output: 500_000, cached: 400_000 });
    expect(spending.cost).toBeCloseTo(0.6 + 0.04 + 2, 12);
    expect(spending.usage).toEqual({ input: 1_000_000, output: 500_000, cached: 400_000 });
  });

  it("has no cost without prices", () => {
    const spending = new Spending(undefined, undefined);
    hold(spending, { input: 1, output: 1 })(false);
    expect(spending.cost).toBeUndefined();
  });

  it("says what was spent when it refuses", () => {
    const spending = new Spending(PRICE, 1, 0.5);
    spending.add({ input: 500_000, output: 0 });
    expect(() => hold(spending, { input: 1, output: 1 })).toThrow("the answers so far cost 1 of 'maxCost' 1");
    expect(() => hold(spending, { input: 1, output: 1 })).toThrow(BudgetExceededError);
  });

  it("waits for what is under way, which may cost less than expected", async () => {
    const spending = new Spending({ input: 1, output: 1 }, 1);
    const release = hold(spending, { input: 1_000_000, output: 0 });
    const later = spending.reserve({ input: 1, output: 0 }, NEVER);
    const left = spending.reserve({ input: 1, output: 0 }, AbortSignal.abort(new Error("left")));
    await expect(left).rejects.toThrow("left");
    spending.add({ input: 400_000, output: 0 });
    release(false);
    (await later)(false);
    const all = hold(spending, { input: 600_000, output: 0 });
    const refused = spending.reserve({ input: 1, output: 0 }, NEVER);
    spending.add({ input: 600_000, output: 0 });
    all(false);
    await expect(refused).rejects.toThrow(BudgetExceededError);
  });

  it("counts what is not known as it was expected", () => {
    const spending = new Spending(PRICE, 1);
    hold(spending, { input: 250_000, output: 125_000 })(true);
    expect(spending.cost).toBeCloseTo(0.75, 12);
    expect(spending.usage).toEqual({ input: 0, output: 0, cached: 0 });
    hold(spending, { input: 250_000, output: 0 })(true);
    expect(() => hold(spending, { input: 1, output: 1 })).toThrow(BudgetExceededError);
  });

  it("is exceeded by no more than the last request and what estimates err", async () => {
    const request = fc.record({
      guess: fc.record({ input: fc.nat(1000), output: fc.nat(1000) }),
      error: fc.nat(500),
      turns: fc.nat(8),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { maxLength: 60 }),
        fc.integer({ min: 1, max: 20_000 }),
        async (requests, millionths) => {
          const spending = new Spending({ input: 1, output: 1 }, millionths / 1e6);
          let erred = 0;
          let largest = 0;
          let wanted = 0;
          let refused = 0;
          await Promise.all(
            requests.map(async ({ guess, error, turns }) => {
              wanted += guess.input + guess.output + error;
              try {
                const release = await spending.reserve(guess, NEVER);
                erred += error;
                largest = Math.max(largest, guess.input + guess.output);
                for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
                spending.add({ input: guess.input + error, output: guess.output });
                release(false);
              } catch {
                refused += 1;
              }
            }),
          );
          const cost = spending.cost! * 1e6;
          expect(cost).toBeLessThanOrEqual(millionths + erred + largest + 1e-6);
          // And nobody was refused before it was spent.
          if (refused > 0) expect(cost).toBeGreaterThanOrEqual(millionths - 1e-6);
          else expect(cost).toBeCloseTo(wanted, 3);
        },
      ),
      { numRuns: 100 },
    );
  });
});
