/** Runs the prompt job as a program of its own, and `npm start` as far as it refuses or explains. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArguments } from "../build/examples/prompt-job/arguments.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BUILD = join(import.meta.dirname, "../build/examples");
const PROGRAM = join(BUILD, "prompt-job/main.js");
const START = join(BUILD, "start.js");
const PROMPTS = join(import.meta.dirname, "../examples/prompt-job/prompts.jsonl");
const TIMEOUT_MS = 60_000;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Prompt {
  readonly id: string;
  readonly task: string;
  readonly prompt: string;
}

interface Answer {
  readonly index: number;
  readonly output: { readonly text: string };
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prompt-job-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function start(program: string, ...args: string[]): { child: ChildProcess; end: Promise<Outcome> } {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const end = new Promise<Outcome>((resolve) => child.once("close", (code) => resolve({ code, ...output })));
  return { child, end };
}

function linesOf<T>(path: string): T[] {
  const text = readFileSync(path, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as T);
}

describe("prompt job", () => {
  it("ships a thousand different prompts of four tasks and very uneven lengths", () => {
    const prompts = linesOf<Prompt>(PROMPTS);
    expect(new Set(prompts.map(({ id }) => id)).size).toBe(1000);
    expect(new Set(prompts.map(({ prompt }) => prompt)).size).toBe(1000);
    for (const task of ["classify", "summarise", "extract", "translate"]) {
      expect(prompts.filter((prompt) => prompt.task === task && prompt.id.startsWith(task))).toHaveLength(250);
    }
    const lengths = prompts.map(({ prompt }) => prompt.length);
    expect(Math.max(...lengths)).toBeGreaterThan(10 * Math.min(...lengths));
    expect(statSync(PROMPTS).size).toBeLessThan(400_000);
  });

  it(
    "answers each prompt, and says how much faster that was",
    async () => {
      const output = join(folder, "answers.jsonl");
      const { code, stdout, stderr } = await start(PROGRAM, "--prompts", "60", "--output", output).end;
      expect(code).toBe(0);
      expect(stdout).toContain("SIMULATED");
      expect(stdout).toContain("60 of 60 prompts have an answer of their own, 0 a wrong one");
      const [, times] = /([\d.]+) times as fast/.exec(stdout) ?? [];
      expect(Number(times)).toBeGreaterThan(2);
      // Neither is a terminal: no control characters, and lines that fit.
      expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]/u);
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
      const answers = linesOf<Answer>(output);
      expect(new Set(answers.map(({ index }) => index)).size).toBe(60);
      expect(answers).toHaveLength(60);
      // The words of a text are in the answer to its translation.
      const prompts = linesOf<Prompt>(PROMPTS);
      for (const { index, output: answer } of answers) {
        const { task, prompt } = prompts[index]!;
        const words = prompt.slice(prompt.indexOf("\n\n") + 2).split(/\s+/);
        expect(answer.text).toMatch(/^\[simulated [0-9a-f]{12}\] /);
        if (task === "translate") expect(answer.text).toContain(words.slice(0, 60).join(" "));
        else expect(answer.text).toContain(words[0]);
      }
    },
    TIMEOUT_MS,
  );

  it(
    "ends at Ctrl-C with whole lines, and keeps what it has",
    async () => {
      const output = join(folder, "interrupted.jsonl");
      const { child, end } = start(PROGRAM, "--prompts", "200", "--output", output);
      const watcher = watch(folder);
      await Promise.race([
        end,
        new Promise<void>((resolve) => {
          watcher.on("change", () => {
            if ((statSync(output, { throwIfNoEntry: false })?.size ?? 0) > 0) resolve();
          });
        }),
      ]);
      watcher.close();
      child.kill("SIGINT");
      const { code, stdout, stderr } = await end;
      expect(code).toBe(130);
      expect(stderr).toContain("Stopping");
      const answers = linesOf<Answer>(output);
      expect(answers.length).toBeGreaterThan(0);
      expect(answers.length).toBeLessThan(200);
      expect(stdout).toContain(`Interrupted after ${answers.length} of 200 prompts`);
    },
    TIMEOUT_MS,
  );

  it.each([
    [["--prompts", "none"], "Cannot set --prompts to 'none': give a whole number from 1 on"],
    [["--prompts", "1001"], "Cannot ask 1001 prompts: there are 1000"],
    [["--fast"], "Unknown option '--fast': see --help"],
    [["folder"], "Unexpected argument 'folder'"],
  ])("refuses %j", (args, message) => {
    expect(() => parseArguments(args)).toThrow(message);
  });
});

describe("npm start", () => {
  it("explains both jobs", async () => {
    const { code, stdout } = await start(START, "--help").end;
    expect(code).toBe(0);
    for (const option of ["--only", "--prompts", "--mode", "--no-compare"]) expect(stdout).toContain(option);
  });

  it("refuses at once what only the second job would refuse", async () => {
    const { code, stdout, stderr } = await start(START, "--mode", "warp").end;
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe("Cannot use mode 'warp': choose one of sync, async, thread, process\n");
  });

  it(
    "runs one job, and passes its options and its exit code on",
    async () => {
      const { code, stderr } = await start(START, "--only", "files", "/no/such/folder").end;
      expect(code).toBe(2);
      expect(stderr).toContain("Cannot read /no/such/folder");
    },
    TIMEOUT_MS,
  );
});
