import { gather, InvalidSqlError, ModelError, PoolStoppedError } from "manyhands";
import { type Backend, type BackendProvider, ModelClient, Profile, type ProfileOptions } from "manyhands/prompts";
import { describe, expect, onTestFinished, test } from "vitest";
import { deferred, FakeProvider } from "../client/fake-provider.js";
import { FakeDatabase } from "./fake-database.js";

type Answer = (text: string, system: string | undefined, signal: AbortSignal) => unknown;

/** A profile over a provider and a database of the test's own. */
function open(
  answer: Answer = (text) => `to ${text}`,
  options: ProfileOptions = {},
): { profile: Profile; provider: FakeProvider; database: FakeDatabase } {
  const database = new FakeDatabase();
  const provider = new FakeProvider((request, { signal }, text) => {
    const [first] = request.messages!;
    return answer(text, first?.role === "system" ? first.content : undefined, signal);
  });
  const profile = new Profile({ provider, database, ...options });
  onTestFinished(() => profile.stop({ timeout: 0 }));
  return { profile, provider, database };
}

/** Answers what is asked for SQL with SQL, and the rest with a word. */
const bySystem: Answer = (text, system) => {
  if (system?.startsWith("You write")) return text.includes("drop") ? "DROP TABLE orders" : "```sql\nSELECT 1;\n```";
  return `words about ${text}`;
};

describe("actions", () => {
  test("generate asks the prompt alone, chat with the instructions", async () => {
    const { profile } = open((text, system) => `${system}: ${text}`, { instructions: "Be brief" });
    expect(await profile.generate("hello")).toBe("undefined: hello");
    expect(await profile.chat("hello")).toBe("Be brief: hello");
  });

  test("showPrompt is what showSql asks, and asks nothing", async () => {
    const systems: (string | undefined)[] = [];
    const { profile, provider } = open(
      (_text, system) => {
        systems.push(system);
        return "SELECT 1";
      },
      { instructions: "Money is in cents" },
    );
    const prompt = await profile.showPrompt("how many?");
    expect(provider.sent).toEqual([]);
    expect(await profile.showSql("how many?")).toBe("SELECT 1");
    expect(prompt).toBe(`${systems[0]}\n\nhow many?`);
    expect(prompt).toMatch(/^You write FakeSQL\.[^]*Money is in cents[^]*CREATE TABLE orders/);
  });

  test("runSql runs what showSql shows, within its limits", async () => {
    const { profile, database } = open(bySystem, { maxRows: 7, sqlTimeout: 500 });
    expect(await profile.runSql("how many?")).toEqual({
      sql: "SELECT 1",
      columns: ["n"],
      rows: [{ n: 1 }],
      isTruncated: false,
    });
    expect(database.ran).toEqual(["SELECT 1"]);
    expect(database.options[0]).toMatchObject({ maxRows: 7, timeout: 500 });
    await expect(profile.runSql("drop it")).rejects.toThrow(InvalidSqlError);
  });

  test("explainSql holds the SQL and the words", async () => {
    const { profile, database } = open(bySystem);
    const explained = await profile.explainSql("how many?");
    expect(explained).toMatch(/^SELECT 1\n\nwords about The question: how many\?[^]*The query:\nSELECT 1/);
    expect(database.ran).toEqual([]);
  });

  test("narrate tells the rows, and how many of them it was shown", async () => {
    const { profile, database } = open(bySystem);
    expect(await profile.narrate("how many?")).toMatch(/Its result, all 1 rows:\n\{"n":1\}\n$/);
    database.find = () => ({ rows: Array.from({ length: 50 }, (_, n) => ({ text: `${n}`.repeat(1000) })) });
    const long = await profile.narrate("how many?");
    const shown = long.match(/\{"text"/g)!.length;
    expect(shown).toBeLessThan(50);
    expect(long).toContain(`the first ${shown} of 50 rows; say that there are more`);
    database.find = () => ({ isTruncated: true });
    expect(await profile.narrate("how many?")).toContain("the first 1 of 1 or more rows");
  });

  test("translate", async () => {
    const { profile } = open((text, system) => `${system} ${text}`);
    expect(await profile.translate("Hallo", { from: "German", to: "French" })).toMatch(
      /from German into French.* Hallo$/s,
    );
    expect(await profile.translate("Hallo", { to: "French" })).toMatch(/^Translate the text of the user into French/);
  });

  test("summarize: what is too long in parts that are the whole text, then their summaries", async () => {
    const asked: { text: string; system: string }[] = [];
    const { profile } = open(
      (text, system) => {
        asked.push({ text, system: system! });
        return `S${asked.length}`;
      },
      { maxInputTokens: 100 },
    );
    expect(await profile.summarize("short", { instructions: "a haiku" })).toBe("S1");
    expect(asked[0]!.system).toContain("as follows: a haiku");
    asked.length = 0;
    const text = Array.from(
      { length: 30 },
      (_, n) => `Sentence number ${n} of this text. 🎈${"x".repeat(n * 3)}\n`,
    ).join("");
    const summary = await profile.summarize(text);
    const parts = asked.slice(0, -1);
    expect(parts.map((part) => part.text).join("")).toBe(text);
    expect(Math.max(...parts.map((part) => part.text.length))).toBeLessThanOrEqual(400);
    expect(parts[1]!.system).toContain(`part 2 of ${parts.length}`);
    expect(asked.at(-1)!.text).toBe(parts.map((_, index) => `S${index + 1}`).join("\n\n"));
    expect(summary).toBe(`S${asked.length}`);
  });

  test("summaries that become no shorter end in an error", async () => {
    const { profile, provider } = open((text) => text, { maxInputTokens: 100 });
    const error = await profile.summarize("word ".repeat(100)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ModelError);
    expect((error as Error).message).toMatch(/^Cannot summarize 500 characters as .*: set 'maxInputTokens' higher$/);
    expect(provider.sent.length).toBeLessThan(50);
  });

  test("the database is described once for all that ask", async () => {
    const { profile, database } = open(bySystem);
    await gather(Array.from({ length: 20 }, (_, n) => profile.showSql(`question ${n}`)));
    expect(database.described).toBe(1);
  });

  test("a description that failed is read again", async () => {
    const { profile, database } = open(bySystem);
    const describe = database.describe.bind(database);
    database.describe = async () => {
      database.describe = describe;
      throw new Error("connection lost");
    };
    await expect(profile.showSql("a")).rejects.toThrow("connection lost");
    expect(await profile.showSql("a")).toBe("SELECT 1");
  });

  test("stream gives pieces, and leaving it gives the answer up", async () => {
    const { profile } = open(bySystem);
    const pieces: string[] = [];
    for await (const piece of profile.stream("how many?", { action: "explainSql" })) pieces.push(piece);
    expect(pieces[0]).toBe("SELECT 1\n\n");
    const shown: string[] = [];
    for await (const piece of profile.stream("how many?", { action: "showSql" })) shown.push(piece);
    expect(shown).toEqual(["SELECT 1"]);
    expect(() => profile.stream("how many?", { action: "runSql" as never })).toThrow("Cannot stream 'runSql'");
    expect(profile.stats().actions.explainSql).toEqual({ running: 0, done: 1, failed: 0 });
  });
});

describe("what is refused", () => {
  test("prompts and options, before anything is sent", async () => {
    const { profile, provider } = open();
    await expect(profile.chat("")).rejects.toThrow(
      "Cannot chat as the prompt must be a text that is not empty: current value is ''",
    );
    await expect(profile.chat(undefined as never)).rejects.toThrow("current value is undefined");
    await expect(profile.translate("a", {} as never)).rejects.toThrow("Cannot translate as 'to' must be a language");
    await expect(profile.chat("a", { form: 1 } as never)).rejects.toThrow(
      "Cannot set 'options.form' as there is no such",
    );
    await expect(profile.chat("a", { params: {} })).rejects.toThrow("Cannot chat as a model takes no 'params'");
    await expect(profile.summarize("", { location: "s3://a" })).rejects.toThrow("a model takes no 'location'");
    expect(() => profile.map(["a"], { action: "runsql" as never })).toThrow("did you mean 'runSql'?");
    expect(() => profile.map(["a"], { ordred: true } as never)).toThrow(TypeError);
    expect(() => profile.map(["a"], { concurrency: 0 })).toThrow("Cannot set 'concurrency'");
    expect(provider.sent).toEqual([]);
  });

  test("actions on SQL without a database", async () => {
    const profile = new Profile({ provider: new FakeProvider() });
    await expect(profile.runSql("a")).rejects.toThrow(/^Cannot runSql as the profile has no database$/);
    await expect(profile.showPrompt("a")).rejects.toThrow("Cannot showPrompt as the profile has no database");
    expect(() => profile.map(["a"], { action: "narrate" })).toThrow("Cannot narrate as the profile has no database");
    await expect(
      profile.runPipeline([
        ["a", "chat"],
        ["b", "runSql"],
      ]),
    ).rejects.toThrow("Cannot runSql as");
    await profile.stop();
  });

  test("options of the profile", () => {
    const provider = new FakeProvider();
    expect(() => new Profile({} as never)).toThrow(
      "Cannot set 'provider' as it must be a provider such as openai({ model })",
    );
    expect(() => new Profile({ provider, maxRow: 1 } as never)).toThrow("did you mean 'maxRows'?");
    expect(() => new Profile({ provider, rpn: 1 } as never)).toThrow("did you mean 'rpm'?");
    expect(() => new Profile({ provider, database: {} as never })).toThrow(
      "Cannot set 'database' as it must be a database",
    );
    expect(() => new Profile({ provider, objects: "orders" as never })).toThrow(
      "Cannot set 'objects' as it must be a list",
    );
    expect(() => new Profile({ provider, sqlTimeout: 0 })).toThrow("Cannot set 'sqlTimeout' as it must be more than 0");
    const client = new ModelClient(provider);
    expect(() => new Profile({ client, rpm: 5 })).toThrow("Cannot set 'rpm' as 'client' is set, which has its own");
  });
});

describe("several prompts", () => {
  test("each has an outcome of its own", async () => {
    const { profile } = open((text) => {
      if (text === "b") throw new ModelError("Cannot ask", { failure: "refused", status: 400 });
      return `to ${text}`;
    });
    const outcomes = await profile.map(["a", "b", "", "c"]);
    expect(outcomes.map(({ status, item, index }) => [index, item, status])).toEqual([
      [0, "a", "fulfilled"],
      [1, "b", "rejected"],
      [2, "", "rejected"],
      [3, "c", "fulfilled"],
    ]);
    expect(outcomes[3]).toMatchObject({ value: "to c" });
    expect(outcomes[1]).toMatchObject({ reason: { failure: "refused" } });
    expect(profile.stats().actions.chat).toMatchObject({ done: 2, running: 0 });
  });

  test("prompts are taken only as outcomes are, and no more run at once than told", async () => {
    const { profile, provider } = open(async (text) => {
      await new Promise(setImmediate);
      return text;
    });
    let taken = 0;
    async function* source(): AsyncGenerator<string> {
      for (;;) yield `prompt ${(taken += 1)}`;
    }
    let seen = 0;
    for await (const outcome of profile.map(source(), {
      action: "generate",
      concurrency: 3,
      window: 6,
      ordered: false,
    })) {
      expect(outcome.status).toBe("fulfilled");
      seen += 1;
      expect(taken).toBeLessThanOrEqual(seen + 6);
      if (seen === 30) break;
    }
    expect(provider.mostInFlight).toBe(3);
  });

  test("a signal ends it, and what is asked is given up", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const signals: AbortSignal[] = [];
    const { profile } = open((_text, _system, signal) => {
      signals.push(signal);
      setImmediate(() => controller.abort(reason));
      return new Promise(() => {});
    });
    await expect(profile.map(["a", "b"], { signal: controller.signal })).rejects.toBe(reason);
    await expect.poll(() => signals.every(({ aborted }) => aborted)).toBe(true);
  });

  test("a pipeline keeps its order, and with continueOnError errors have a place in it", async () => {
    const { profile } = open(bySystem);
    const list = await profile.runPipeline(
      [
        ["how many?", "showSql"],
        ["drop", "runSql"],
        ["hello", "chat"],
        ["how many?", "runSql"],
      ],
      { continueOnError: true },
    );
    expect(list).toEqual([
      "SELECT 1",
      expect.any(InvalidSqlError),
      "words about hello",
      expect.objectContaining({ sql: "SELECT 1" }),
    ]);
    expect(await profile.runPipeline([])).toEqual([]);
  });

  test("without, the first failure is the end of all", async () => {
    const signals: AbortSignal[] = [];
    const { profile } = open((text, _system, signal) => {
      if (text === "bad") throw new ModelError("Cannot ask", { failure: "refused", status: 400 });
      signals.push(signal);
      return text === "quick" ? text : new Promise(() => {});
    });
    const running = profile.runPipeline([
      ["quick", "chat"],
      ["slow", "chat"],
      ["bad", "chat"],
    ]);
    await expect(running).rejects.toThrow("Cannot ask");
    await expect.poll(() => signals.at(-1)?.aborted).toBe(true);
  });

  test("a pipeline with something wrong in it does not begin", async () => {
    const { profile, provider } = open();
    const wrong = async (list: unknown): Promise<unknown> =>
      profile.runPipeline(list as never).catch((error: unknown) => error);
    expect(
      String(
        await wrong([
          ["a", "chat"],
          ["b", "tell"],
        ]),
      ),
    ).toContain("Cannot set 'action' as it must be one of");
    expect(
      String(
        await wrong([
          ["a", "chat"],
          ["", "chat"],
        ]),
      ),
    ).toContain("Cannot chat as the prompt must be a text");
    expect(String(await wrong(["a"]))).toContain("item 0 must be [prompt, action]: current value is 'a'");
    expect(String(await wrong("a"))).toContain("Cannot run a pipeline of no list");
    expect(provider.sent).toEqual([]);
  });
});

describe("the end", () => {
  test("what runs ends first, to its last request", async () => {
    const gate = deferred<string>();
    const { profile, provider, database } = open((text, system) =>
      system?.startsWith("You write") ? gate.promise : `words about ${text}`,
    );
    const narration = profile.narrate("how many?");
    await expect.poll(() => provider.inFlight).toBe(1);
    const stopping = profile.stop();
    await expect(profile.chat("more")).rejects.toThrow(new PoolStoppedError("Cannot chat as the profile is stopped"));
    expect(() => profile.map(["more"])).toThrow(PoolStoppedError);
    expect(() => profile.chatSession()).toThrow(PoolStoppedError);
    gate.resolve("SELECT 1");
    expect(await narration).toContain("words about");
    await stopping;
    expect(database.closed).toBe(1);
    expect(provider.closed).toBe(1);
    await profile.stop();
    expect(database.closed).toBe(1);
  });

  test("what takes too long is given up, streams that nobody reads too", async () => {
    const { profile, database } = open(() => new Promise(() => {}));
    const slow = profile.chat("slow").catch((error: unknown) => error);
    const stream = profile.stream("slow")[Symbol.asyncIterator]();
    const piece = stream.next().catch((error: unknown) => error);
    await profile.stop({ timeout: 20 });
    expect(await slow).toBeInstanceOf(Error);
    expect(await piece).toBeInstanceOf(Error);
    expect(database.closed).toBe(1);
  });

  test("a client of one's own goes on", async () => {
    const provider = new FakeProvider();
    await using client = new ModelClient(provider);
    const profile = new Profile({ client });
    expect(await profile.chat("a")).toBe("to a");
    expect(profile.stats().backend).toMatchObject({ requests: 1, answered: 1, failed: 0, usage: { input: 10 } });
    await profile.stop();
    expect((await client.ask("b")).text).toBe("to b");
  });
});

test("a provider that does actions itself", async () => {
  const told: unknown[] = [];
  const backend: Backend = {
    refusal: (action) => (action === "translate" ? "this database cannot" : undefined),
    text: async (action, prompt, options) => {
      told.push([action, prompt, options]);
      return "text";
    },
    rows: async () => ({ sql: undefined, columns: ["a"], rows: [{ a: 1 }], isTruncated: false }),
    openChat: () => ({ send: async (prompt) => `said ${prompt}`, close: () => void told.push("closed") }),
    pipeline: async (actions) =>
      actions.map(([prompt]) =>
        prompt === "bad" ? { status: "rejected", reason: new Error("ORA-1") } : { status: "fulfilled", value: prompt },
      ),
    stats: () => ({ requests: 3, answered: 2, failed: 1 }),
    stop: async () => void told.push("stopped"),
    [Symbol.asyncDispose]: async () => {},
  };
  const provider: BackendProvider = { name: "oracle", openBackend: () => backend };
  expect(() => new Profile({ provider, rpm: 7 })).toThrow("Cannot set 'rpm' as the provider 'oracle' does not take it");
  const profile = new Profile({ provider });
  expect(await profile.summarize("", { location: "https://a", params: { a: 1 } })).toBe("text");
  expect(told).toEqual([["summarize", "", { location: "https://a", params: { a: 1 } }]]);
  await expect(profile.summarize("text", { location: "https://a" })).rejects.toThrow("both a content and a 'location'");
  await expect(profile.translate("a", { to: "French" })).rejects.toThrow("Cannot translate as this database cannot");
  expect((await profile.runSql("a")).rows).toEqual([{ a: 1 }]);
  const session = profile.chatSession({ params: { title: "A" } });
  expect(await session.send("hi")).toBe("said hi");
  const list = await profile.runPipeline(
    [
      ["good", "showSql"],
      ["bad", "showSql"],
    ],
    { continueOnError: true },
  );
  expect(list).toEqual(["good", new Error("ORA-1")]);
  expect(profile.stats().actions.showSql).toEqual({ running: 0, done: 1, failed: 1 });
  expect(profile.stats().backend.requests).toBe(3);
  await profile.stop();
  expect(told.slice(1)).toEqual(["closed", "stopped"]);
});
