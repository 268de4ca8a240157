import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveModel, type SimulatedModel, type SimulationOptions } from "manyhands/prompts";
import { describe, expect, it, onTestFinished } from "vitest";
import { commandHelp } from "../../dist/cli/help.js";
import { optionsOf } from "../../dist/cli/parse-arguments.js";
import { prompts } from "../../dist/cli/prompts/prompts-command.js";
import { makeFolder, makeInput, range, readLines } from "../batch/folder.js";
import { deferred } from "../prompts/client/fake-provider.js";
import { runCli, startCli } from "./run-cli.js";

interface Line {
  readonly index: number;
  readonly output: { readonly text: string; readonly usage: { readonly input: number; readonly output: number } };
}

async function serve(options: SimulationOptions = {}): Promise<SimulatedModel> {
  const model = await serveModel({ latency: 0, ...options });
  onTestFinished(() => model.close());
  return model;
}

/** A model that repeats what it is asked, and the arguments that ask it. */
async function repeating(options: SimulationOptions = {}): Promise<{ model: SimulatedModel; args: string[] }> {
  const model = await serve({ answer: ({ prompt }) => prompt, ...options });
  return { model, args: ["--base-url", model.url, "--model", "m", "--no-progress"] };
}

const texts = (path: string): string[] => readLines<Line>(path).map(({ output }) => output.text);

describe("manyhands prompts", () => {
  it("asks under limits and faults, in order, and loses none", async () => {
    const { input, output } = makeInput(range(120).map((n) => ({ text: `number ${n}` })));
    const { model, args } = await repeating({ faults: 0.05, faultKinds: ["500", "broken-json", "reset"] });
    const all = ["prompts", input, "-o", output, ...args, "--prompt", "Say {text}", "--order", "input", "--json"];
    const { code, stdout } = await runCli([...all, "--price-input", "1", "--price-output", "2"]);
    expect({ code }, stdout).toEqual({ code: 0 });
    const summary = JSON.parse(stdout) as { usage: { input: number; output: number }; cost: number; retried: number };
    expect(texts(output)).toEqual(range(120).map((n) => `Say number ${n}`));
    expect(summary).toMatchObject({ done: 120, failed: 0, exitCode: 0, isInterrupted: false });
    expect(summary.retried).toBe(model.stats().faults);
    expect(summary.retried).toBeGreaterThan(0);
    expect(summary.cost).toBeCloseTo((summary.usage.input + 2 * summary.usage.output) / 1e6, 12);
  });

  it("stops at its cost, and tells a command that can finish", async () => {
    const { input, output } = makeInput(range(50).map(String));
    const { args } = await repeating();
    const all = ["prompts", input, "-o", output, ...args, "--price-input", "1000", "--price-output", "1000"];
    const first = await runCli([...all, "--concurrency", "1", "--max-cost", "0.05"]);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain("To go on, raise --max-cost, as to twice as much below\n");
    const [, typed] = /^To finish: manyhands (.*)$/m.exec(first.stderr)!;
    expect(typed).toContain("--max-cost 0.1 --resume");
    const before = texts(output).length;
    await runCli(typed!.split(" "));
    expect(texts(output).length).toBeGreaterThan(before);
  });

  it("stops without quota after one request, says so, and goes on when there is some", async () => {
    const { input, output } = makeInput(range(50).map(String));
    const { model, args } = await repeating({ quota: 0 });
    const all = ["prompts", input, "-o", output, ...args];
    const first = await runCli(all);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain(
      "manyhands prompts: Cannot ask 'm' for more as no account has anything left to spend: the server answered 429",
    );
    expect(first.stderr).toContain("Stopped: 0 done");
    expect(first.stderr).toContain("The rest can be asked as soon as there is quota again\n");
    expect(first.stderr).toContain(`To finish: manyhands ${all.join(" ")} --resume\n`);
    expect(model.stats().requests).toBe(1);
    const other = await repeating();
    // Who is asked where is no setting.
    const again = await runCli(["prompts", input, "-o", output, ...other.args, "--resume"]);
    expect(again.stderr).toMatch(/^Complete: 50 done, in \d+\.\d s\nTokens in the output: [\d,]+ in, [\d,]+ out\n$/);
  });

  it("reads keys from the environment and from accounts, and shows none", async () => {
    const { folder, input, output } = makeInput(range(20).map(String));
    const { args } = await repeating({ keys: { "key-one": {}, "key-two": {} } });
    const accounts = join(folder, "accounts.json");
    writeFileSync(accounts, JSON.stringify([{ name: "one", apiKeyEnv: "MANYHANDS_TEST_KEY" }, { apiKey: "key-two" }]));
    process.env.MANYHANDS_TEST_KEY = "key-one";
    try {
      const both = await runCli(["prompts", input, "-o", output, ...args, "--accounts", accounts]);
      expect(both).toMatchObject({ code: 0 });
      const one = await runCli([
        "prompts",
        input,
        "-o",
        output,
        ...args,
        "--overwrite",
        "--api-key-env",
        "MANYHANDS_TEST_KEY",
      ]);
      expect(one).toMatchObject({ code: 0 });
      process.env.MANYHANDS_TEST_KEY = "key-three";
      const wrong = await runCli([
        "prompts",
        input,
        "-o",
        output,
        ...args,
        "--overwrite",
        "--api-key-env",
        "MANYHANDS_TEST_KEY",
      ]);
      // A key that is not accepted fails no prompt, and is not tried for each.
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toContain("Stopped: 0 done, in");
      const written = [output, `${output}.manyhands`].map((path) => readFileSync(path, "utf8"));
      expect([both.stderr, one.stderr, wrong.stderr, ...written].join("\n")).not.toMatch(/key-(?:one|two|three)/);
    } finally {
      delete process.env.MANYHANDS_TEST_KEY;
    }
  });

  it("takes the model from lines of OpenAI Batch, and embeds", async () => {
    const { input, output } = makeInput([
      {
        custom_id: "x",
        method: "POST",
        url: "/v1/chat/completions",
        body: { model: "own", messages: [{ role: "user", content: "hi" }] },
      },
      { custom_id: "y", method: "POST", url: "/v1/embeddings", body: { model: "own", input: "hi" } },
    ]);
    const { model } = await repeating();
    const batch = ["prompts", input, "-o", output, "--base-url", model.url, "--output-format", "openai-batch", "-q"];
    expect(await runCli(batch)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readLines(output).toSorted((a, b) => a.index - b.index)).toMatchObject([
      {
        index: 0,
        custom_id: "x",
        response: { status_code: 200, body: { model: "own", object: "chat.completion" } },
        error: null,
      },
      { index: 1, custom_id: "y", response: { status_code: 200, body: { object: "list" } }, error: null },
    ]);
    const embed = [
      "prompts",
      "-",
      "-o",
      "-",
      "--base-url",
      model.url,
      "-m",
      "e",
      "--endpoint",
      "embeddings",
      "--text",
      "-q",
    ];
    const { stdout } = await runCli(embed, { stdin: "some words\n" });
    expect(JSON.parse(stdout)).toMatchObject({ index: 0, output: { embeddings: [expect.any(Array)] } });
  });

  it("simulates where there is no model, and says so", async () => {
    const { folder, output } = makeInput([]);
    const input = join(folder, "lines.txt");
    writeFileSync(input, "one\ntwo\n");
    const args = ["prompts", input, "-o", output, "--simulate", "--no-progress"];
    const json = await runCli(args);
    expect(json.code).toBe(1);
    expect(json.stderr).toContain("No line was JSON: add --text where each is a prompt as it stands");
    const { code, stderr } = await runCli([...args, "--text", "--overwrite"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^manyhands prompts: asking a simulated model, whose answers mean nothing\n/);
    for (const text of texts(output)) expect(text).toContain("[simulated]");
    // A real model would not go on with them.
    const real = await runCli([
      "prompts",
      input,
      "-o",
      output,
      "--text",
      "-m",
      "simulated",
      "--base-url",
      "http://127.0.0.1:9",
      "--resume",
    ]);
    expect(real).toMatchObject({ code: 2 });
    expect(real.stderr).toContain("with other settings: 'simulated' was true and is not set");
  });

  it.each<[string[], string]>([
    [[], "as no input was given"],
    [["a"], "as no output was given: add -o OUTPUT.jsonl"],
    [["a", "-o", "b"], "as no model was given: add --model NAME, or --simulate"],
    [
      ["a", "-o", "b", "-m", "m", "--simulate", "--base-url", "c"],
      "Cannot set '--base-url' as '--simulate' is set too",
    ],
    [["a", "-o", "b", "-m", "m", "--simulate", "--cache", "c"], "real runs would take its answers for real ones"],
    [["a", "-o", "b", "-m", "m", "--api-key-env", "NO_SUCH_KEY"], "the environment variable 'NO_SUCH_KEY' is not set"],
    [["a", "-o", "b", "-m", "m", "--max-cost", "1"], "set --price-input and --price-output"],
    [["a", "-o", "b", "-m", "m", "--price-input", "1"], "Cannot set '--price-input' as '--price-output' is not set"],
    [["a", "-o", "b", "-m", "m", "--order", "inptu"], "did you mean 'input'?"],
    [["a", "-o", "b", "-m", "m", "--temp", "0"], "did you mean '--temperature'?"],
    [["a", "-o", "b", "-m", "m", "--output-format", "batch"], "Cannot set '--output-format' as it must be one of"],
    [
      ["a", "-o", "b", "-m", "m", "--prompt", "c", "--prompt-file", "d"],
      "Cannot set '--prompt-file' as '--prompt' is set too",
    ],
    [["a", "-o", "b", "-m", "m", "--temperature", "hot"], "'--temperature' as it must be a number from 0 on"],
    [["a", "-o", "b", "-m", "m", "--provider", "antropic"], "did you mean 'anthropic'?"],
    [["a", "-o", "b", "-m", "m", "--rpm", "0"], "'--rpm' as it must be an integer of at least 1"],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await runCli(["prompts", ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it("tells all of its options, in 80 columns", () => {
    const help = commandHelp(prompts);
    for (const name of Object.keys(optionsOf(prompts))) expect(help).toContain(` --${name}`);
    for (const line of help.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it("refuses accounts that are none, without showing what they hold", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "in"));
    const accounts = join(folder, "accounts.json");
    const args = ["prompts", "a", "-o", "b", "-m", "m", "--accounts", accounts];
    writeFileSync(accounts, '["sk-secret"]');
    expect((await runCli(args)).stderr).toContain("accounts[0]");
    writeFileSync(accounts, '[{"apiKye":"sk-secret"}]');
    const misspelt = await runCli(args);
    expect(misspelt.stderr).toContain("did you mean 'apiKey'?");
    expect(misspelt.stderr).not.toContain("sk-secret");
    writeFileSync(accounts, "{sk-secret");
    expect((await runCli(args)).stderr).toMatch(/accounts\.json cannot be read: it is no JSON\n$/);
  });
});

describe("a run that was killed", () => {
  const ITEMS = 500;
  const AT_ONCE = 2;
  /** Answers that a busy disk may hold up, at a few milliseconds each. */
  const HELD_UP = 20;

  it("is finished by another, which pays for nothing twice but what was under way", async () => {
    const { input, output } = makeInput(range(ITEMS).map((n) => `prompt number ${n}`));
    const asked = new Map<string, number>();
    const halfway = deferred();
    const { model, args } = await repeating({
      latency: 4,
      answer: ({ prompt }) => {
        asked.set(prompt, (asked.get(prompt) ?? 0) + 1);
        if (asked.size >= ITEMS / 2) halfway.resolve();
        return prompt;
      },
    });
    const all = ["prompts", input, "-o", output, ...args, "--concurrency", String(AT_ONCE), "--quiet"];
    const { child, result } = startCli(all);
    await halfway.promise;
    child.kill("SIGKILL");
    expect(await result).toMatchObject({ signal: "SIGKILL" });
    const done = readFileSync(output, "utf8").split("\n").length - 1;
    expect(done).toBeGreaterThan(ITEMS / 4);
    expect(done).toBeLessThan(ITEMS);
    expect(existsSync(`${output}.manyhands`)).toBe(true);
    const other = await runCli([...all, "--resume", "--system", "Be brief"]);
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain("with other settings: 'system' was not set and is 'Be brief'");
    const { code, stdout } = await runCli([...all, "--resume", "--json"]);
    expect(code).toBe(0);
    const lines = readLines<Line>(output).toSorted((a, b) => a.index - b.index);
    expect(lines.map(({ index, output: { text } }) => [index, text])).toEqual(
      range(ITEMS).map((n) => [n, `prompt number ${n}`]),
    );
    const twice = [...asked.values()].filter((times) => times > 1);
    expect(twice.every((times) => times === 2)).toBe(true);
    // Those that were asked, and those whose answers were on their way to the disk.
    expect(twice.length).toBeLessThanOrEqual(AT_ONCE + HELD_UP);
    const { usage } = JSON.parse(stdout) as { usage: { input: number; output: number } };
    const { tokens } = model.stats();
    const share = 1 + twice.length / ITEMS;
    expect(tokens.input + tokens.output).toBeLessThanOrEqual(1.01 * share * (usage.input + usage.output));
  });
});
