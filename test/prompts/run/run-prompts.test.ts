import { existsSync, linkSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ModelError, runPrompts, type RunPromptsOptions } from "manyhands/prompts";
import { describe, expect, it } from "vitest";
import { type Failure, makeInput, range, readLines } from "../../batch/folder.js";
import { answerOf, deferred, FakeProvider } from "../client/fake-provider.js";

interface Line {
  readonly index: number;
  readonly output: { readonly text: string; readonly usage: unknown };
  readonly reused?: boolean;
}

type Options = Omit<RunPromptsOptions, "input" | "output" | "provider">;

const QUICK = { retry: { wait: 1, maxWait: 2 } } satisfies Options;

describe("runPrompts", () => {
  it("asks each prompt, and writes each answer with its own", async () => {
    const { input, output } = makeInput(range(300).map((n) => ({ prompt: `question ${n}` })));
    const provider = new FakeProvider(async (_request, _context, text) => {
      await new Promise(setImmediate);
      return `to ${text}`;
    });
    const summary = await runPrompts({ input, output, provider, order: "input", price: { input: 1, output: 2 } });
    expect(summary).toMatchObject({ done: 300, failed: 0, skipped: 0, retried: 0, reused: 0, cost: 0.006 });
    expect(summary.usage).toEqual({ input: 3000, output: 1500, cached: 0 });
    expect(readLines<Line>(output).map(({ index, output: { text } }) => [index, text])).toEqual(
      range(300).map((n) => [n, `to question ${n}`]),
    );
    expect(provider.closed).toBe(1);
  });

  it("keeps what failed with its input, and asks it again when it resumes; sums are of the whole output", async () => {
    const { input, output } = makeInput(["good", "bad", "shaky", { nothing: 1 }]);
    let isMended = false;
    const seen = new Map<string, number>();
    const provider = new FakeProvider((_request, _context, text) => {
      seen.set(text, (seen.get(text) ?? 0) + 1);
      if (text === "bad" && !isMended) throw new ModelError("No", { failure: "refused", status: 400 });
      if (text === "shaky" && seen.get(text)! < 3) throw new ModelError("Later", { failure: "server", status: 500 });
      return answerOf(text, 100, 10);
    });
    const options = { input, output, provider, price: { input: 10, output: 100 }, ...QUICK } as const;
    const first = await runPrompts(options);
    expect(first).toMatchObject({ done: 2, failed: 2, retried: 2, usage: { input: 200, output: 20 }, cost: 0.004 });
    expect(readLines<Failure>(`${output}.failures`)).toEqual([
      {
        index: 3,
        input: { nothing: 1 },
        error: { name: "TypeError", message: expect.stringContaining("none of 'prompt'") as string },
      },
      { index: 1, input: "bad", error: { name: "ModelError", message: "No", code: "MH_MODEL" } },
    ]);
    isMended = true;
    const second = await runPrompts({ ...options, resume: true });
    expect(second).toMatchObject({ done: 1, failed: 1, skipped: 2, usage: { input: 300, output: 30 }, cost: 0.006 });
    expect(Object.fromEntries(seen)).toEqual({ good: 1, bad: 2, shaky: 3 });
  });

  it("stops at once when there is no quota left, and keeps the rest for another run", async () => {
    const { input, output } = makeInput(range(200).map(String));
    let quota = 50;
    const provider = new FakeProvider(async (_request, _context, text) => {
      await new Promise(setImmediate);
      if (quota-- <= 0)
        throw new ModelError("Nothing left", { failure: "quota", status: 429, modelCode: "insufficient_quota" });
      return text;
    });
    const failed = runPrompts({ input, output, provider, concurrency: 10 });
    await expect(failed).rejects.toMatchObject({
      code: "MH_BATCH_STOPPED",
      cause: { code: "MH_QUOTA_EXCEEDED" },
      summary: { done: 50, failed: 0 },
    });
    expect(existsSync(`${output}.failures`)).toBe(false);
    // Those that were under way with the one that met it, and no more.
    expect(provider.sent.length).toBeLessThanOrEqual(60);
    quota = 200;
    expect(await runPrompts({ input, output, provider, resume: true })).toMatchObject({ done: 150, skipped: 50 });
  });

  it("counts what earlier runs have cost towards 'maxCost'", async () => {
    const { input, output } = makeInput(range(100).map(String));
    const provider = new FakeProvider((_request, _context, text) => answerOf(text, 1_000_000, 0));
    const options = { input, output, provider, price: { input: 1, output: 1 }, concurrency: 1 };
    const stopped = { code: "MH_BATCH_STOPPED", cause: { code: "MH_BUDGET_EXCEEDED" } };
    await expect(runPrompts({ ...options, maxCost: 10 })).rejects.toMatchObject({ ...stopped, summary: { cost: 10 } });
    await expect(runPrompts({ ...options, maxCost: 10, resume: true })).rejects.toMatchObject(stopped);
    expect(provider.sent).toHaveLength(10);
    await expect(runPrompts({ ...options, maxCost: 15, resume: true })).rejects.toMatchObject(stopped);
    expect(provider.sent).toHaveLength(15);
    expect(readLines(output)).toHaveLength(15);
  });

  it("does not count what was not paid for again: coalesced answers, and those of a cache", async () => {
    const { folder, input, output } = makeInput(["a", "a", "b", "a"]);
    const cache = join(folder, "cache.jsonl");
    const gate = deferred();
    const provider = new FakeProvider(async (_request, _context, text) => {
      await gate.promise;
      return text;
    });
    setImmediate(gate.resolve);
    const options = { input, provider, coalesce: true, cache, order: "input" } as const;
    const first = await runPrompts({ ...options, output });
    expect(first).toMatchObject({ done: 4, reused: 2, usage: { input: 20, output: 10 } });
    expect(readLines<Line>(output).map(({ output: { text }, reused }) => [text, reused])).toEqual([
      ["a", undefined],
      ["a", true],
      ["b", undefined],
      ["a", true],
    ]);
    const second = await runPrompts({ ...options, output: join(folder, "again.jsonl") });
    expect(second).toMatchObject({ done: 4, reused: 4, usage: { input: 0, output: 0 } });
    expect(provider.sent.toSorted()).toEqual(["a", "b"]);
    // A run that resumes tells them apart, too.
    expect(await runPrompts({ ...options, output, resume: true })).toMatchObject({ skipped: 4, usage: first.usage });
  });

  it.each<[RunPromptsOptions["format"], unknown]>([
    ["text", { index: 0, output: "to hi", usage: { input: 10, output: 5 } }],
    [
      "full",
      {
        index: 0,
        output: { text: "to hi", usage: { input: 10, output: 5 }, finishReason: "stop", model: "fake-1", body: {} },
      },
    ],
    [
      "openai-batch",
      {
        index: 0,
        id: expect.stringMatching(/^batch_req_/) as string,
        custom_id: "line-1",
        response: { status_code: 200, request_id: expect.any(String) as string, body: {} },
        error: null,
      },
    ],
  ])("writes lines as %s", async (format, line) => {
    const { input, output } = makeInput(["hi"]);
    const provider = new FakeProvider();
    await runPrompts({ input, output, provider, format: format! });
    expect(readLines(output)).toEqual([line]);
  });

  it("takes lines of OpenAI Batch, gives such lines, and resumes from them", async () => {
    const line = (id: string): object => ({
      custom_id: id,
      method: "POST",
      url: "/v1/chat/completions",
      body: { model: "m", messages: [{ role: "user", content: id }] },
    });
    const { input, output } = makeInput(["x", "y", "bad"].map(line));
    const provider = new FakeProvider((request) => {
      const id = (request.body as { messages: [{ content: string }] }).messages[0].content;
      if (id === "bad")
        throw new ModelError("No such model", { failure: "refused", status: 404, modelCode: "no_model" });
      return { ...answerOf(id), body: { id, usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } } };
    });
    const options = { input, output, provider, format: "openai-batch", order: "input" } as const;
    const first = await runPrompts(options);
    expect(
      readLines<{ custom_id: string; response: { body: { id: string } } }>(output).map((found) => [
        found.custom_id,
        found.response.body.id,
      ]),
    ).toEqual([
      ["x", "x"],
      ["y", "y"],
    ]);
    expect(readLines(`${output}.failures`)).toMatchObject([
      {
        index: 2,
        custom_id: "bad",
        response: { status_code: 404, body: { error: { message: "No such model", code: "no_model" } } },
        input: line("bad"),
      },
    ]);
    expect(await runPrompts({ ...options, resume: true })).toMatchObject({ skipped: 2, failed: 1, usage: first.usage });
  });

  it("takes plain lines as prompts", async () => {
    const { folder, output } = makeInput([]);
    const input = join(folder, "lines.txt");
    writeFileSync(input, Buffer.from('first "line"\r\n\n\nsecond\nth\xefrd\n', "latin1"));
    const provider = new FakeProvider((_request, _context, text) => {
      if (text === "second") throw new ModelError("No", { failure: "refused" });
      return text;
    });
    await runPrompts({ input, output, provider, text: true });
    expect(readLines<Line>(output)).toMatchObject([{ index: 0, output: { text: 'first "line"' } }]);
    expect(readLines<Failure>(`${output}.failures`).toSorted((a, b) => a.index - b.index)).toMatchObject([
      { index: 3, input: "second" },
      { index: 4, error: { message: "Cannot read line 5 as it is not UTF-8" } },
    ]);
  });

  it("sums the lines of an output that was torn", async () => {
    const { input, output } = makeInput(["a", "b", "c"]);
    const provider = new FakeProvider();
    await runPrompts({ input, output, provider, order: "input" });
    truncateSync(output, readFileSync(output).length - 3);
    const again = await runPrompts({ input, output, provider, order: "input", resume: true });
    expect(again).toMatchObject({ done: 1, skipped: 2, usage: { input: 30, output: 15 } });
  });

  it("ends in order when its signal fires: what was asked is kept, what waits is not asked", async () => {
    const { input, output } = makeInput(range(50).map(String));
    const controller = new AbortController();
    const gate = deferred();
    const provider = new FakeProvider(async (_request, _context, text) => {
      if (provider.inFlight === 5) {
        controller.abort(new Error("enough"));
        setImmediate(gate.resolve);
      }
      if (text !== "0") await gate.promise;
      if (text === "3") throw new ModelError("Busy", { failure: "overloaded" });
      return text;
    });
    const run = runPrompts({ input, output, provider, concurrency: 5, signal: controller.signal });
    await expect(run).rejects.toThrow("enough");
    // A fault that passes is no failure of the prompt: there was no time for another attempt.
    expect(readLines(output)).toHaveLength(5);
    expect(existsSync(`${output}.failures`)).toBe(false);
    expect(provider).toMatchObject({ inFlight: 0, closed: 1 });
    expect(provider.sent).toHaveLength(6);
  });

  it.each<[object, string]>([
    [{ sytem: "a" }, "Cannot set 'prompts.sytem' as there is no such option: did you mean 'system'?"],
    [{ provider: undefined }, "Cannot set 'provider' as it must be one"],
    [{ format: "batch" }, "Cannot set 'format' as it must be one of"],
    [{ order: "none" }, "Cannot set 'order' as it must be one of 'input', 'completion'"],
    [{ prompt: 1 }, "Cannot set 'prompt' as it must be text or a function"],
    [{ maxTokens: 0 }, "Cannot set 'maxTokens' as it must be a positive integer"],
    [{ maxCost: 1 }, "set 'price' as well"],
    [{ spent: 1 }, "Cannot set 'prompts.spent' as there is no such option"],
    [{ cache: 1 }, "Cannot set 'cache'"],
  ])("refuses %o", async (options, message) => {
    const { input, output } = makeInput([]);
    await expect(runPrompts({ input, output, provider: new FakeProvider(), ...options })).rejects.toThrow(message);
    expect(existsSync(output)).toBe(false);
  });

  it("keeps no answers in a file of the run, whatever it is called, and changes none", async () => {
    const { input, output } = makeInput(["a"]);
    linkSync(input, `${input}.same`);
    const before = readFileSync(input, "utf8");
    const refused = async (cache: string): Promise<string> =>
      runPrompts({ input, output, provider: new FakeProvider(), cache }).then(String, String);
    expect(await refused(`${input}.same`)).toBe(
      `TypeError: Cannot keep answers in ${input}.same as it is the input: choose another file for 'cache'`,
    );
    expect(await refused(output)).toContain("as it is the output:");
    expect(await refused(`${output}.failures`)).toContain("as it is the failures:");
    expect(await refused(`${output}.manyhands`)).toContain("as it is the checkpoint:");
    expect([readFileSync(input, "utf8"), existsSync(output)]).toEqual([before, false]);
  });

  it("does not resume what was made otherwise, and names what differs", async () => {
    const { input, output } = makeInput(["a"]);
    const options = { input, output, provider: new FakeProvider() };
    await runPrompts({ ...options, system: "Be brief", rpm: 1000 });
    const resumed = (more: Options): Promise<unknown> =>
      runPrompts({ ...options, system: "Be brief", resume: true, ...more });
    await expect(resumed({ temperature: 0 })).rejects.toThrow(
      "with other settings: 'temperature' was not set and is 0",
    );
    await expect(resumed({ system: "Be long" })).rejects.toThrow("'system' was 'Be brief' and is 'Be long'");
    await expect(resumed({ format: "text" })).rejects.toThrow("'format' was 'answer' and is 'text'");
    expect(await resumed({ rpm: 5, concurrency: 2, timeout: 5 })).toMatchObject({ skipped: 1 });
  });
});
