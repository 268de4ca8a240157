import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenEstimate } from "../../../dist/prompts/client/token-estimate.js";

const ask = (
  content: string,
  maxTokens?: number,
): { messages: { role: "user"; content: string }[]; maxTokens?: number } => ({
  messages: [{ role: "user", content }],
  ...(maxTokens !== undefined && { maxTokens }),
});

describe("TokenEstimate", () => {
  it("begins with a quarter of the characters, and follows what answers say", () => {
    const estimate = new TokenEstimate(undefined);
    const request = ask("x".repeat(4000));
    expect(estimate.guess(request).input).toBeCloseTo(1004, -1);
    for (let answers = 0; answers < 20; answers += 1) estimate.learn(request, { input: 2008, output: 40 });
    expect(estimate.guess(request)).toEqual({ input: 2008, output: 40 });
    expect(estimate.guess(ask("x".repeat(400))).input).toBeCloseTo(208, -1);
  });

  it("expects no more than the answer may have", () => {
    const estimate = new TokenEstimate(undefined);
    expect(estimate.guess(ask("hello", 7)).output).toBe(7);
    expect(estimate.guess({ body: { model: "m", messages: [], max_tokens: 9 } }).output).toBe(9);
    expect(estimate.guess({ input: ["hello"] }).output).toBe(0);
  });

  it("takes the count of a tokenizer, and still corrects it", () => {
    const estimate = new TokenEstimate(() => 100);
    expect(estimate.guess(ask("hello")).input).toBe(100);
    estimate.learn(ask("hello"), { input: 110, output: 1 });
    expect(estimate.guess(ask("hello")).input).toBe(110);
    expect(() => new TokenEstimate(() => Number.NaN).guess(ask("hello"))).toThrow(
      /'estimate' must return a number above 0/,
    );
  });

  it("errs by less than what answers scatter, for prompts of one kind", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 40, max: 4000 }), fc.integer({ min: 20, max: 60 })), {
          minLength: 60,
          maxLength: 100,
        }),
        fc.double({ min: 0.5, max: 3, noNaN: true }),
        (answers, factor) => {
          const estimate = new TokenEstimate(undefined);
          for (const [characters, output] of answers) {
            const request = ask("x".repeat(characters));
            estimate.learn(request, { input: Math.ceil((characters / 4 + 4) * factor), output });
          }
          const { input, output } = estimate.guess(ask("x".repeat(1000)));
          expect(Math.abs(input / (254 * factor) - 1)).toBeLessThan(0.05);
          expect(output).toBeGreaterThanOrEqual(20);
          expect(output).toBeLessThanOrEqual(60);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("learns nothing from what cannot be", () => {
    const estimate = new TokenEstimate(undefined);
    const before = estimate.guess(ask("hello"));
    estimate.learn(ask("hello"), { input: 0, output: Number.NaN });
    expect(estimate.guess(ask("hello"))).toEqual(before);
  });
});
