import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { COMMANDS } from "../../dist/cli/commands.js";
import { commandHelp, generalHelp } from "../../dist/cli/help.js";
import { map } from "../../dist/cli/map/map-command.js";
import { findTarget } from "../../dist/cli/map/target.js";
import { resumeCommand } from "../../dist/cli/batch/resume-command.js";
import { optionsOf, parseArguments } from "../../dist/cli/parse-arguments.js";
import { readDuration } from "../../dist/cli/read-value.js";
import { MAPPED, runCli, startCli } from "./run-cli.js";

it("shows its version and its help, in 80 columns", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(await startCli(["--version"]).result).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
  expect(await runCli(["--help"])).toMatchObject({ code: 0, stdout: generalHelp(COMMANDS), stderr: "" });
  expect(await runCli(["map", "x", "--help"])).toMatchObject({ code: 0, stdout: commandHelp(map), stderr: "" });
  const help = commandHelp(map);
  for (const name of Object.keys(optionsOf(map))) expect(help).toContain(` --${name}`);
  for (const line of `${help}${generalHelp(COMMANDS)}`.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

it("says in one line what is wrong, on standard error, with exit code 2", async () => {
  const missing = await runCli(["map", `${MAPPED}#wander`, "no-such-file", "-o", "-"]);
  expect(missing).toMatchObject({
    code: 2,
    stdout: "",
    stderr: "manyhands map: Cannot read no-such-file as there is no such file\n",
  });
  const json = await runCli(["mpa", "--json"]);
  expect(json).toMatchObject({ code: 2, stderr: "" });
  expect(JSON.parse(json.stdout)).toEqual({
    exitCode: 2,
    error: { name: "UsageError", message: "Cannot run 'mpa' as there is no such command: did you mean 'map'?" },
  });
});

it.each([[["-o", "-"]], [["-o-"]], [["--output=-"]], [["--output", "-"]]])(
  "tells no error as data of %j",
  async (output) => {
    const { code, stdout, stderr } = await runCli(["prompts", "none.jsonl", ...output, "--simulate", "-q", "--json"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ exitCode: 2, error: { code: "ENOENT" } });
  },
);

it.each<[string[], string]>([
  [["a", "b", "--ordred"], "Cannot use '--ordred' as there is no such option: did you mean '--ordered'?"],
  [["a", "b", "-x"], "Cannot use '-x' as there is no such option: see manyhands map --help"],
  [["a", "b", "-o"], "Cannot set '-o' as it needs a value: -o FILE"],
  [["a", "b", "-o", "--resume"], "Cannot set '-o' as it needs a value: -o FILE"],
  [["a", "b", "--ordered=yes"], "Cannot set '--ordered' to a value as it takes none: 'yes'"],
  [["a", "b", "--mode", "sync", "--mode", "async"], "Cannot set '--mode' as it is set already: choose one"],
])("refuses %j", (argv, message) => {
  expect(() => parseArguments(map, ["map", ...argv], process)).toThrow(message);
});

it.each<[string[], string]>([
  [[], "as no module was given"],
  [["a"], "as no input was given"],
  [["a", "b"], "as no output was given: add -o OUTPUT.jsonl"],
  [["a", "b", "c", "-o", "-"], "Cannot map 'c' too as there is one input"],
  [["a", "b", "-o", "-", "--resume"], "Cannot resume standard output"],
  [["a", "b", "-o", "c", "--resume", "--overwrite"], "Cannot set '--overwrite' as '--resume' is set too"],
  [["a", "b", "-o", "c", "--failures", "d", "--no-failures"], "Cannot set '--no-failures' as '--failures' is set too"],
  [["a", "b", "-o", "c", "--workers", "1.5"], "'--workers' as it must be an integer of at least 1"],
  [["a", "b", "-o", "c", "--retries", "-1"], "'--retries' as it needs a value"],
  [["a", "b", "-o", "c", "--mode", "thred"], "did you mean 'thread'?"],
  [["a", "b", "-o", "c", "--timeout", "soon"], "'--timeout' as it must be a time such as 500ms, 30s or 5m"],
  [["a", "b", "-o", "c", "--init", "{"], "'--init' as it must be JSON"],
  [[`${MAPPED}#square`, "b", "-o", "c", "--init", "1"], "'--init' as a task has no constructor"],
  [[`${MAPPED}#square`, "b", "-o", "c", "--mode", "sync", "--workers", "2"], "mode 'sync' has one worker"],
])("refuses map %j", async (argv, message) => {
  const run = async (): Promise<number> => map.run(parseArguments(map, ["map", ...argv], process));
  await expect(run()).rejects.toThrow(message);
});

it.each<[string, string]>([
  ["./no.js#A", "Cannot find the module './no.js' as there is no such file"],
  [`${MAPPED}#CalculatrWorker`, "did you mean 'CalculatorWorker'?"],
  [`${MAPPED}#zzzzzzzzzzzzzzzzzz`, "as there is no such export: name one of 'BrokenWorker', 'CalculatorWorker'"],
  [MAPPED, "Cannot tell which export of"],
  [`${MAPPED}#CalculatorWorker`, "append one of '.add', '.count', '.die', '.multiply', '.odd'"],
  [`${MAPPED}#CalculatorWorker.mutiply`, "there is no such method: did you mean 'multiply'?"],
  [`${MAPPED}#square.run`, "Cannot call 'run' of"],
  [`${MAPPED}#NotAWorker`, "as it is a class: export worker(import.meta, NotAWorker)"],
  [`${MAPPED}#version`, "as it is neither a worker, a task nor a function"],
])("cannot find %s", async (reference, message) => {
  await expect(findTarget(reference)).rejects.toThrow(message);
});

it("finds workers, tasks and functions, and the only method of a worker", async () => {
  expect(await findTarget(`${MAPPED}#square`)).toMatchObject({ kind: "task", method: undefined });
  expect(await findTarget(`${MAPPED}#BrokenWorker`)).toMatchObject({ kind: "worker", method: "run" });
  expect(await findTarget(`${MAPPED}#moments`)).toMatchObject({ kind: "function", exportName: "moments" });
});

it("reads times with their units", () => {
  const read = (time: string): number | undefined => readDuration({ time }, "time");
  expect(["500ms", "1.5s", "2m", "1h"].map(read)).toEqual([500, 1500, 120_000, 3_600_000]);
  expect(() => read("250")).toThrow("as it must be a time such as 500ms, 30s or 5m");
  expect(() => read("999h")).toThrow("of at most 24 days");
});

it("tells the command that finishes, as a shell takes it", () => {
  const argv = ["map", "./a.js#B.c", "in put.jsonl", "-o", "it's", "--overwrite", "--init", '{"a":1}'];
  expect(resumeCommand(argv, "linux")).toBe(
    `manyhands map ./a.js#B.c 'in put.jsonl' -o 'it'\\''s' --init '{"a":1}' --resume`,
  );
  expect(resumeCommand(["map", "a", "--", "-b"], "linux")).toBe("manyhands map a --resume -- -b");
  expect(resumeCommand(["map", "in put", '{"a":1}'], "win32")).toBe(`manyhands map "in put" "{\\"a\\":1}" --resume`);
});
