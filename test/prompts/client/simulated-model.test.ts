/** A client against a server that keeps to limits and fails. */
import { gather, QuotaExceededError } from "manyhands";
import {
  type ModelAnswer,
  ModelClient,
  type ModelClientOptions,
  openai,
  serveModel,
  type SimulationOptions,
} from "manyhands/prompts";
import { describe, expect, it, vi } from "vitest";

const FAST = { wait: 2, maxWait: 20 };

async function ask(
  count: number,
  server: SimulationOptions,
  options: ModelClientOptions,
  keys: readonly string[] = ["key"],
): Promise<
  {
    outcomes: (ModelAnswer | Error)[];
    model: Awaited<ReturnType<typeof serveModel>>;
    client: ModelClient;
  } & AsyncDisposable
> {
  const model = await serveModel({ latency: [1, 10], ...server });
  const provider = openai({ model: "simulated", baseURL: model.url, accounts: keys.map((apiKey) => ({ apiKey })) });
  const client = new ModelClient(provider, { retry: FAST, ...options });
  const futures = Array.from({ length: count }, (_, index) => client.ask(`#${index}# ${"word ".repeat(index % 40)}`));
  const outcomes = (await gather(futures, { returnExceptions: true })) as (ModelAnswer | Error)[];
  const close = async (): Promise<void> => {
    await client.stop();
    await model.close();
  };
  return { outcomes, model, client, [Symbol.asyncDispose]: close };
}

function lost(outcomes: readonly (ModelAnswer | Error)[]): number {
  return outcomes.filter((outcome, index) => outcome instanceof Error || !outcome.text.includes(`#${index}#`)).length;
}

describe("a model with limits and faults", () => {
  it.each([
    ["given", { rpm: 12_000, tpm: 2_000_000 }],
    ["learned", {}],
  ])("loses no prompt and is not overrun, with limits %s", async (_how, limits) => {
    const server = {
      rpm: 12_000,
      tpm: 2_000_000,
      faults: 0.1,
      faultKinds: ["500", "503", "529", "reset", "broken-json", "hang"] as const,
    };
    await using run = await ask(120, server, { timeout: 1000, concurrency: 16, ...limits });
    expect(lost(run.outcomes)).toBe(0);
    const { statuses, inFlight, aborted } = run.model.stats();
    expect(statuses[429] ?? 0).toBeLessThanOrEqual(1);
    expect(aborted).toBeGreaterThan(0);
    expect(inFlight).toBe(0);
    expect(run.client.stats().accounts).toMatchObject([{ rpm: 12_000, tpm: 2_000_000 }]);
  });

  it("sends one request to an account that has nothing to spend", async () => {
    await using run = await ask(50, { quota: 0 }, {});
    expect(run.outcomes.every((outcome) => outcome instanceof QuotaExceededError)).toBe(true);
    expect(run.model.stats().requests).toBe(1);
  });

  it("keeps what was answered when the credit ends, and sends nothing more", async () => {
    await using run = await ask(60, { quota: 20 }, { concurrency: 4 });
    expect(run.outcomes.filter((outcome) => !(outcome instanceof Error))).toHaveLength(20);
    expect(run.outcomes.filter((outcome) => outcome instanceof QuotaExceededError)).toHaveLength(40);
    expect(run.model.stats().requests).toBeLessThanOrEqual(24);
  });

  it("goes on with the second account when the first is throttled", async () => {
    const keys = { one: { rpm: 60 }, two: { rpm: 60_000 } };
    await using run = await ask(40, { keys }, { rpm: 60_000, concurrency: 2 }, ["one", "two"]);
    expect(lost(run.outcomes)).toBe(0);
    expect(run.client.stats().accounts[0]!.pausedFor).toBeGreaterThan(0);
    expect(run.client.stats().accounts[1]!.pausedFor).toBe(0);
  });

  it("has nothing in flight any more when its callers have left", async () => {
    const model = await serveModel({ latency: 60_000 });
    const client = new ModelClient(openai({ model: "simulated", baseURL: model.url, apiKey: "key" }));
    const controller = new AbortController();
    const future = client.ask("hello", { signal: controller.signal });
    await vi.waitFor(() => expect(model.stats().inFlight).toBe(1));
    controller.abort(new Error("enough"));
    await expect(future).rejects.toThrow("enough");
    await vi.waitFor(() => expect(model.stats().inFlight).toBe(0));
    await client.stop();
    await model.close();
  });
});
