import { type Account, type ModelAnswer, ModelClient, ModelError } from "manyhands/prompts";
import { describe, expect, it, vi } from "vitest";
import { answerOf, deferred, FakeProvider } from "./fake-provider.js";

const FAST = { wait: 1, maxWait: 2 };

function refused(status: number): ModelError {
  return new ModelError("it is refused", { failure: "refused", status });
}

describe("a provider", () => {
  it("that heeds no signal is not waited for", async () => {
    const provider = new FakeProvider((_request, { attempt }) => (attempt === 1 ? deferred().promise : "second"));
    await using client = new ModelClient(provider, { timeout: 20, retry: FAST });
    expect((await client.ask("hello")).text).toBe("second");
    expect(client.stats().failures).toEqual({ timeout: 1 });
  });

  it("has what is under way given up when a client of several is stopped", async () => {
    const signals: AbortSignal[] = [];
    const provider = new FakeProvider((_request, { signal }) => {
      signals.push(signal);
      return deferred().promise;
    });
    await using other = new ModelClient(provider);
    const client = new ModelClient(provider);
    const asked = client.ask("hello");
    await vi.waitFor(() => expect(signals).toHaveLength(1));
    await client.stop({ timeout: 1 });
    expect(signals[0]!.aborted).toBe(true);
    expect(await asked.exception()).toBeDefined();
    expect([provider.closed, other.stats().requests]).toEqual([0, 0]);
  });

  it("that tells more after its attempt was given up does not mix it into the next", async () => {
    let late: ((piece: string) => void) | undefined;
    const provider = new FakeProvider((_request, { attempt, onText }) => {
      if (attempt === 1) {
        late = onText;
        throw new ModelError("it broke", { failure: "network" });
      }
      onText!("whole ");
      late!("half");
      onText!("text");
      return "whole text";
    });
    await using client = new ModelClient(provider, { retry: FAST });
    let text = "";
    for await (const piece of client.stream("hello")) text += piece;
    expect(text).toBe("whole text");
  });

  it.each([
    { input: Number.NaN, output: 1 },
    { input: -1, output: 1 },
    { input: 1, output: Number.POSITIVE_INFINITY },
  ])("that says that %o was used loses no answer for it", async (usage) => {
    const provider = new FakeProvider((): ModelAnswer => ({ ...answerOf("fine"), usage }));
    await using client = new ModelClient(provider, { price: { input: 1, output: 1 } });
    expect((await client.ask("hello")).text).toBe("fine");
    const { usage: counted, cost } = client.stats();
    expect(counted).toMatchObject({ input: 0, output: 0 });
    // It cost what was expected.
    expect(cost).toBeGreaterThan(0);
    expect(cost).toBeLessThan(0.01);
  });
});

it.each([undefined, null, "text", {}])("%o is no answer, and is said to be none", async (value) => {
  const provider = { name: "own", model: "m", accounts: [{ name: "a" }], send: () => Promise.resolve(value as never) };
  await using client = new ModelClient(provider);
  expect(await client.ask("hello").exception()).toMatchObject({
    name: "TypeError",
    message: expect.stringContaining("must be an object with a 'text': current value is") as string,
  });
});

describe("a key that is refused", () => {
  const accounts: readonly Account[] = [{ name: "a" }, { name: "b" }, { name: "c" }];

  it("loses no prompt while other accounts are left", async () => {
    const provider = new FakeProvider((_request, { account }, text) => {
      if (account.name !== "c") throw refused(401);
      return text;
    }, accounts);
    await using client = new ModelClient(provider, { retry: FAST });
    const prompts = Array.from({ length: 30 }, (_, index) => `prompt ${index}`);
    const answers = await Promise.all(prompts.map((prompt) => client.ask(prompt)));
    expect(answers.map(({ text }) => text)).toEqual(prompts);
    expect(client.stats().accounts.map(({ isExhausted }) => isExhausted)).toEqual([true, true, false]);
  });

  it("of the last is what each of them fails with", async () => {
    const provider = new FakeProvider(() => {
      throw refused(401);
    }, accounts);
    await using client = new ModelClient(provider, { retry: FAST });
    for (const prompt of ["one", "two"]) expect(await client.ask(prompt).exception()).toMatchObject({ status: 401 });
    expect(provider.sent).toHaveLength(4);
  });
});

describe("an own way to count tokens", () => {
  it("is asked once for each request", async () => {
    const estimate = vi.fn<() => number>(() => 10);
    const provider = new FakeProvider((_request, { attempt }) => {
      if (attempt < 3) throw new ModelError("later", { failure: "server" });
      return "fine";
    });
    await using client = new ModelClient(provider, { estimate, retry: FAST });
    await client.ask("hello");
    expect(estimate).toHaveBeenCalledTimes(1);
  });

  it("that fails for one request loses no other", async () => {
    const provider = new FakeProvider();
    const estimate = (request: { messages?: readonly { content: string }[] | undefined }): number => {
      if (request.messages![0]!.content === "bad") throw new Error("no such token");
      return 1;
    };
    await using client = new ModelClient(provider, { estimate });
    const [good, bad] = [client.ask("good"), client.ask("bad")];
    expect(await bad.exception()).toMatchObject({ message: "no such token" });
    expect((await good).text).toBe("to good");
    expect((await client.ask("better")).text).toBe("to better");
  });
});

it("what the first answer cost is known before others begin", async () => {
  const provider = new FakeProvider(() => answerOf("fine", 10, 90));
  // Before any answer is known, one is guessed to take five times as much.
  await using client = new ModelClient(provider, { price: { input: 1e4, output: 1e4 }, maxCost: 100 });
  const outcomes = await Promise.allSettled(Array.from({ length: 200 }, (_, index) => client.ask(`prompt ${index}`)));
  expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(90);
  expect(client.stats().cost).toBeLessThanOrEqual(100);
});

describe("a cache that does not answer", () => {
  it("does not hold up a request for long", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const cache = { get: () => deferred<undefined>().promise, set: () => undefined };
      const provider = new FakeProvider();
      const client = new ModelClient(provider, { cache });
      const [kept, left] = [client.ask("hello"), new AbortController()];
      const given = client.ask("hello", { signal: left.signal });
      left.abort(new Error("enough"));
      expect(await given.exception()).toMatchObject({ message: "enough" });
      await vi.advanceTimersByTimeAsync(10_000);
      expect((await kept).text).toBe("to hello");
      expect(provider.sent).toHaveLength(1);
      await client.stop();
    } finally {
      vi.useRealTimers();
    }
  });
});
