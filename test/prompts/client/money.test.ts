/** What requests cost, and that a cap on it holds. */
import { BudgetExceededError, gather } from "manyhands";
import { ModelClient, ModelError } from "manyhands/prompts";
import { describe, expect, it, vi } from "vitest";
import { answerOf, FakeProvider } from "./fake-provider.js";

describe("money", () => {
  const price = { input: 1, output: 2 };

  it("is counted by what answers took", async () => {
    const provider = new FakeProvider((_request, _context, text) => answerOf(text, 1000, 500));
    await using client = new ModelClient(provider, { price });
    await gather(["a", "b"].map((text) => client.ask(text)));
    expect(client.stats().cost).toBeCloseTo((2 * (1000 * 1 + 500 * 2)) / 1e6, 12);
  });

  it("stops everything once it is spent, and keeps what was under way", async () => {
    const provider = new FakeProvider((_request, _context, text) => answerOf(text, 1000, 500));
    await using client = new ModelClient(provider, { price, maxCost: 0.01, concurrency: 2 });
    const outcomes = await gather(
      Array.from({ length: 50 }, (_, index) => client.ask(String(index))),
      { returnExceptions: true },
    );
    const answered = outcomes.filter((outcome) => !(outcome instanceof Error));
    expect(answered).toHaveLength(provider.sent.length);
    // Five answers cost the cap; what is expected of one under way may be too little.
    expect([5, 6]).toContain(answered.length);
    expect(outcomes.filter((outcome) => outcome instanceof BudgetExceededError)).toHaveLength(50 - answered.length);
  });

  it("is counted as it was expected where an answer does not say, and where nobody waits for it any more", async () => {
    const never = new Promise<never>(() => {});
    const provider = new FakeProvider(async (_request, { onText }, text) => {
      if (text === "refused") throw new ModelError("it failed: refused", { failure: "refused", status: 400 });
      if (text === "silent") return { ...answerOf(text), usage: undefined };
      onText?.("piece");
      return never;
    });
    await using client = new ModelClient(provider, { price });
    let last = 0;
    const costs = (): boolean => client.stats().cost! > last && (last = client.stats().cost!) > 0;
    await expect(client.ask("refused")).rejects.toThrow();
    expect(client.stats().cost).toBe(0);
    await client.ask("silent");
    expect(costs()).toBe(true);
    for await (const piece of client.stream("left after a piece")) {
      expect(piece).toBe("piece");
      break;
    }
    await vi.waitFor(() => expect(costs()).toBe(true));
    const late = client.ask("given up", { signal: AbortSignal.timeout(20) });
    await expect(late).rejects.toThrow();
    await vi.waitFor(() => expect(costs()).toBe(true));
    await using hasty = new ModelClient(provider, { price, timeout: 20, retry: { retries: 0 } });
    await expect(hasty.ask("late")).rejects.toMatchObject({ failure: "timeout" });
    expect(hasty.stats().cost).toBeGreaterThan(0);
  });

  it("counts what was spent before", async () => {
    await using client = new ModelClient(new FakeProvider(), { price, maxCost: 1, spent: 1 });
    await expect(client.ask("a")).rejects.toMatchObject({ code: "MH_BUDGET_EXCEEDED", cost: 1 });
  });
});
