import { CancelledError, gather, map, PoolStoppedError, QuotaExceededError } from "manyhands";
import { type Account, type ModelAnswer, ModelClient, ModelError } from "manyhands/prompts";
import { describe, expect, it, vi } from "vitest";
import { deferred, FakeProvider } from "./fake-provider.js";

const FAST = { wait: 1, maxWait: 2 };
const ACCOUNTS: readonly Account[] = [{ name: "a" }, { name: "b" }];

function error(failure: ModelError["failure"], status?: number, retryAfter?: number): ModelError {
  return new ModelError(`it failed: ${failure}`, { failure, status, retryAfter });
}

describe("ask", () => {
  it("resolves with the answer of each request, in whatever order they end", async () => {
    const provider = new FakeProvider(async (_request, _context, text) => {
      await new Promise((resolve) => setTimeout(resolve, text.endsWith("1") ? 5 : 1));
      return `to ${text}`;
    });
    await using client = new ModelClient(provider);
    const prompts = Array.from({ length: 50 }, (_, index) => `prompt ${index}`);
    const answers = await gather(prompts.map((prompt) => client.ask(prompt)));
    expect(answers.map(({ text }) => text)).toEqual(prompts.map((prompt) => `to ${prompt}`));
    expect(client.stats()).toMatchObject({ requests: 50, answered: 50, failed: 0, usage: { input: 500, output: 250 } });
  });

  it("sends the first alone, then as many as may run at once", async () => {
    const first = deferred();
    const gate = deferred();
    const provider = new FakeProvider((_request, _context, text) =>
      (text === "0" ? first.promise : gate.promise).then(() => text),
    );
    await using client = new ModelClient(provider, { concurrency: 3 });
    const all = gather(["0", "1", "2", "3", "4"].map((text) => client.ask(text)));
    await vi.waitFor(() => expect(provider.sent).toEqual(["0"]));
    first.resolve();
    await vi.waitFor(() => expect(provider.sent).toHaveLength(4));
    gate.resolve();
    await all;
    expect(provider.mostInFlight).toBe(3);
  });

  it("sends the first alone no more where it is told that tokens have no limit", async () => {
    const gate = deferred();
    const provider = new FakeProvider((_request, _context, text) => gate.promise.then(() => text));
    const none = Number.POSITIVE_INFINITY;
    await using client = new ModelClient(provider, { concurrency: 3, rpm: none, tpm: none });
    const all = gather(["0", "1", "2", "3"].map((text) => client.ask(text)));
    await vi.waitFor(() => expect(provider.sent).toHaveLength(3));
    expect(client.stats().accounts).toMatchObject([{ rpm: undefined, tpm: undefined, inFlight: 3 }]);
    gate.resolve();
    expect(await all).toHaveLength(4);
  });

  it.each(["rate-limit", "overloaded", "server", "network", "malformed"] as const)(
    "asks again after %s",
    async (failure) => {
      const provider = new FakeProvider((_request, { attempt }) => {
        if (attempt < 3) throw error(failure, undefined, 0.001);
        return "at last";
      });
      await using client = new ModelClient(provider, { retry: FAST });
      expect((await client.ask("hello")).text).toBe("at last");
      expect(provider.sent).toHaveLength(3);
      expect(client.stats()).toMatchObject({ answered: 1, retried: 2, failures: { [failure]: 2 } });
    },
  );

  it("does not ask again what was refused, and loses nothing else", async () => {
    const provider = new FakeProvider((_request, _context, text) => {
      if (text === "bad") throw error("refused", 400);
      return text;
    });
    await using client = new ModelClient(provider, { retry: FAST });
    const outcomes = await gather(
      ["a", "bad", "b"].map((text) => client.ask(text)),
      { returnExceptions: true },
    );
    expect(outcomes[1]).toMatchObject({ failure: "refused", status: 400 });
    expect([outcomes[0], outcomes[2]]).toMatchObject([{ text: "a" }, { text: "b" }]);
    expect(provider.sent).toEqual(["a", "bad", "b"]);
  });

  it("gives an attempt up when it takes too long, and aborts it", async () => {
    const signals: AbortSignal[] = [];
    const provider = new FakeProvider(async (_request, { signal, attempt }) => {
      signals.push(signal);
      if (attempt === 1)
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      return "second";
    });
    await using client = new ModelClient(provider, { timeout: 20, retry: FAST });
    expect((await client.ask("slow")).text).toBe("second");
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(client.stats().failures).toEqual({ timeout: 1 });
  });

  it("fails with the last error when the retries are used up", async () => {
    const provider = new FakeProvider(() => {
      throw error("server", 500);
    });
    await using client = new ModelClient(provider, { retry: { ...FAST, retries: 2 } });
    await expect(client.ask("hello")).rejects.toMatchObject({ code: "MH_MODEL", status: 500 });
    expect(provider.sent).toHaveLength(3);
  });

  it("leaves at once when it is cancelled, and aborts what was sent", async () => {
    const aborted = deferred<unknown>();
    const provider = new FakeProvider(
      (_request, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            aborted.resolve(signal.reason);
            reject(signal.reason as Error);
          });
        }),
    );
    await using client = new ModelClient(provider);
    const future = client.ask("hello");
    await vi.waitFor(() => expect(provider.inFlight).toBe(1));
    future.cancel();
    await expect(future).rejects.toThrow(CancelledError);
    await aborted.promise;
    await vi.waitFor(() => expect(client.stats().accounts[0]!.inFlight).toBe(0));
    expect(client.stats().failures).toEqual({});
  });

  it("ends all that is pending when the client stops", async () => {
    const provider = new FakeProvider(() => new Promise(() => {}));
    const client = new ModelClient(provider);
    const futures = ["a", "b"].map((text) => client.ask(text));
    await vi.waitFor(() => expect(provider.inFlight).toBe(1));
    await client.stop({ timeout: 1 });
    for (const future of futures) await expect(future).rejects.toThrow(PoolStoppedError);
    await expect(client.ask("c")).rejects.toThrow(PoolStoppedError);
    expect(provider.closed).toBe(1);
  });

  it("closes a provider with the last of its clients", async () => {
    const provider = new FakeProvider();
    const [one, two] = [new ModelClient(provider), new ModelClient(provider)];
    await one.stop();
    expect(provider.closed).toBe(0);
    await two.stop();
    await two.stop();
    expect(provider.closed).toBe(1);
  });
});

describe("a client whose accounts have nothing left to spend", () => {
  it("sends one request, and fails all at once", async () => {
    const provider = new FakeProvider(() => {
      throw error("quota", 429);
    });
    await using client = new ModelClient(provider, { retry: FAST });
    const futures = Array.from({ length: 100 }, (_, index) => client.ask(`prompt ${index}`));
    const reasons = await Promise.all(futures.map((future) => future.exception()));
    expect(provider.sent).toHaveLength(1);
    for (const reason of reasons.slice(1)) expect(reason).toBeInstanceOf(QuotaExceededError);
    await expect(client.ask("later")).rejects.toThrow(
      /^Cannot ask 'fake-1' for more as no account has anything left to spend/,
    );
    expect(provider.sent).toHaveLength(1);
  });

  it("goes on with the accounts that have", async () => {
    const provider = new FakeProvider((_request, { account }, text) => {
      if (account.name === "a") throw error("quota", 429);
      return text;
    }, ACCOUNTS);
    await using client = new ModelClient(provider, { retry: FAST });
    const answers = await gather(["1", "2", "3", "4", "5"].map((text) => client.ask(text)));
    expect(answers.map(({ text }) => text)).toEqual(["1", "2", "3", "4", "5"]);
    expect(client.stats().accounts.map(({ isExhausted }) => isExhausted)).toEqual([true, false]);
  });

  it("asks its owner, where codes do not tell", async () => {
    const provider = new FakeProvider(() => {
      throw error("refused", 403);
    });
    await using client = new ModelClient(provider, { isQuota: ({ status }) => status === 403 });
    await gather(
      ["a", "b"].map((text) => client.ask(text)),
      { returnExceptions: true },
    );
    await expect(client.ask("c")).rejects.toThrow(QuotaExceededError);
    expect(provider.sent).toEqual(["a"]);
  });
});

describe("a 429", () => {
  it("pauses its account, whichever request met it, and no other", async () => {
    let isThrottled = true;
    const taken: string[] = [];
    const provider = new FakeProvider((_request, { account }, text) => {
      if (account.name === "a" && isThrottled) throw error("rate-limit", 429, 60);
      taken.push(account.name);
      return text;
    }, ACCOUNTS);
    await using client = new ModelClient(provider, { retry: FAST });
    await gather(Array.from({ length: 20 }, (_, index) => client.ask(String(index))));
    expect(new Set(taken)).toEqual(new Set(["b"]));
    const [a, b] = client.stats().accounts;
    expect(a!.pausedFor).toBeGreaterThan(50_000);
    expect(b!.pausedFor).toBe(0);
    isThrottled = false;
    expect(provider.sent.length).toBeLessThan(23);
  });
});

describe("answers that are shared", () => {
  it("are asked for once by identical requests under way", async () => {
    const gate = deferred();
    const provider = new FakeProvider((_request, _context, text) => gate.promise.then(() => text));
    await using client = new ModelClient(provider, { coalesce: true });
    const futures = ["a", "a", "b", "a"].map((text) => client.ask(text));
    futures[0]!.cancel();
    await expect(futures[0]).rejects.toThrow(CancelledError);
    gate.resolve();
    expect((await gather(futures.slice(1))).map(({ text }) => text)).toEqual(["a", "b", "a"]);
    expect(provider.sent.toSorted()).toEqual(["a", "b"]);
    expect(client.stats()).toMatchObject({ coalesced: 2, cached: 0 });
  });

  it("are given up when nobody waits for them any more", async () => {
    const aborted = deferred();
    const provider = new FakeProvider(
      (_request, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            aborted.resolve();
            reject(signal.reason as Error);
          });
        }),
    );
    await using client = new ModelClient(provider, { coalesce: true });
    const futures = ["a", "a"].map((text) => client.ask(text));
    await vi.waitFor(() => expect(provider.inFlight).toBe(1));
    for (const future of futures) future.cancel();
    await aborted.promise;
    expect(provider.sent).toEqual(["a"]);
  });

  it("are asked for anew when all others have just left", async () => {
    const provider = new FakeProvider(
      (_request, { signal }, text) =>
        new Promise((resolve, reject) => {
          setTimeout(() => resolve(text), 15);
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    );
    await using client = new ModelClient(provider, { coalesce: true });
    for (let microtasks = 0; microtasks < 40; microtasks += 1) {
      const left = client.ask("a");
      await new Promise((resolve) => setImmediate(resolve));
      left.cancel();
      for (let turn = 0; turn < microtasks; turn += 1) await Promise.resolve();
      expect((await client.ask("a")).text).toBe("a");
      await expect(left).rejects.toThrow(CancelledError);
    }
  });

  it("are kept, and a failure is not", async () => {
    let isBroken = true;
    const provider = new FakeProvider((_request, _context, text) => {
      if (isBroken) throw error("refused", 400);
      return text;
    });
    await using client = new ModelClient(provider, { cache: true });
    await expect(client.ask("a")).rejects.toThrow(ModelError);
    isBroken = false;
    for (const turn of [1, 2, 3]) expect((await client.ask("a")).text, String(turn)).toBe("a");
    expect(provider.sent).toEqual(["a", "a"]);
    expect(client.stats()).toMatchObject({ cached: 2, answered: 3 });
  });

  it("are asked for where the cache fails", async () => {
    const cache = {
      get: async (): Promise<ModelAnswer | undefined> => {
        throw new Error("no disk");
      },
      set: () => {
        throw new Error("no disk");
      },
    };
    await using client = new ModelClient(new FakeProvider(), { cache });
    expect((await client.ask("a")).text).toBe("to a");
  });
});

describe("stream", () => {
  const pieces = ["One ", "two ", "three"];

  it("yields what the model writes, and has the whole answer", async () => {
    const provider = new FakeProvider(async (_request, { onText }) => {
      for (const piece of pieces) {
        onText!(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return pieces.join("");
    });
    await using client = new ModelClient(provider);
    const stream = client.stream("count");
    const read: string[] = [];
    for await (const piece of stream) read.push(piece);
    expect(read.join("")).toBe("One two three");
    expect(await stream.answer).toMatchObject({ text: "One two three", usage: { output: 5 } });
  });

  it("asks again before the first piece, and not after it", async () => {
    const provider = new FakeProvider((_request, { attempt, onText }) => {
      if (attempt === 1) throw error("overloaded", 503);
      onText!("One ");
      throw error("network");
    });
    await using client = new ModelClient(provider, { retry: FAST });
    const read: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const piece of client.stream("count")) read.push(piece);
    };
    await expect(reading()).rejects.toMatchObject({ failure: "network" });
    expect(read).toEqual(["One "]);
    expect(provider.sent).toHaveLength(2);
  });

  it("gives the request up when its reader leaves", async () => {
    const aborted = deferred();
    const provider = new FakeProvider((_request, { signal, onText }) => {
      onText!("One ");
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted.resolve();
          reject(signal.reason as Error);
        });
      });
    });
    await using client = new ModelClient(provider);
    for await (const piece of client.stream("count")) {
      expect(piece).toBe("One ");
      break;
    }
    await aborted.promise;
  });
});

describe("ask, passed on as it is", () => {
  it("keeps all accounts of the client busy in a mapping", async () => {
    const provider = new FakeProvider(async (_request, _context, text) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return text;
    }, ACCOUNTS);
    await using client = new ModelClient(provider, { concurrency: 20 });
    const prompts = Array.from({ length: 200 }, (_, index) => `prompt ${index}`);
    const answers = await map(prompts, client.ask);
    expect(answers.map(({ text }) => text)).toEqual(prompts);
    expect(provider.mostInFlight).toBe(40);
  });
});

describe("misuse", () => {
  it.each([
    [{ rpn: 5 }, /did you mean 'rpm'/],
    [{ rpm: 0 }, /'rpm' as it must be a number above 0: current value is 0/],
    [{ concurrency: 1.5 }, /'concurrency' as it must be a positive integer/],
    [{ maxCost: 1 }, /'maxCost' as nothing says what tokens cost/],
    [{ price: { input: -1, output: 0 } }, /'price.input'/],
    [{ cache: 3 }, /'cache'/],
    [{ timeout: -1 }, /'timeout'/],
    [{ retry: { retires: 3 } }, /'retry.retires'/],
    [{ loadBalancing: "best" }, /'loadBalancing'/],
  ])("refuses the options %o", (options, message) => {
    expect(() => new ModelClient(new FakeProvider(), options as never)).toThrow(message);
  });

  it.each([
    ["", /the prompt is empty/],
    [{}, /neither messages, input nor body/],
    [{ messages: [{ role: "robot", content: "x" }] }, /each message must have a role/],
    [{ prompt: "x" }, /'request.prompt' as a request has 'messages'.*current value is 'x'/],
    [{ messages: [], input: [] }, /'input' must be a list of texts/],
    [{ messages: [{ role: "user", content: "x" }], maxTokens: 0 }, /'maxTokens'/],
  ])("refuses the request %o", async (request, message) => {
    await using client = new ModelClient(new FakeProvider());
    expect(() => client.ask(request as never)).toThrow(message);
  });

  it("refuses what is no provider", () => {
    expect(() => new ModelClient({} as never)).toThrow(/'provider' must be one/);
  });
});
