import { expect, it, onTestFinished, vi } from "vitest";
import { LiveCounts } from "../../dist/cli/serve-model/live-counts.js";
import { readSimulation } from "../../dist/cli/serve-model/read-simulation.js";
import { serveModelCommand } from "../../dist/cli/serve-model/serve-model-command.js";
import { commandHelp } from "../../dist/cli/help.js";
import { optionsOf, parseArguments } from "../../dist/cli/parse-arguments.js";
import { serveModel } from "manyhands/prompts";
import { runCli, startCli } from "./run-cli.js";

const read = (...argv: string[]): object =>
  readSimulation(parseArguments(serveModelCommand, ["serve-model", ...argv], process).values);

it("reads what the model shall be", () => {
  expect(read()).toMatchObject({ port: 8080, latency: undefined, keys: undefined });
  const argv = "--port 0 --latency 50ms-2s --rpm 600 --tpm 9000 --burst 5% --enforce bucket --charge max --quota 9";
  expect(read(...argv.split(" "))).toMatchObject({
    port: 0,
    latency: [50, 2000],
    rpm: 600,
    tpm: 9000,
    burst: 0.05,
    enforce: "bucket",
    charge: "max",
    quota: 9,
  });
  const more = "--faults 2.5% --fault-kinds 500,reset --keys a,b --output-tokens 5 --retry-after date --seed 7";
  expect(read(...more.split(" "))).toMatchObject({
    faults: 0.025,
    faultKinds: ["500", "reset"],
    keys: { a: {}, b: {} },
    outputTokens: 5,
    retryAfter: "date",
    seed: 7,
  });
});

it.each<[string, string]>([
  ["--faults 2", "Cannot set '--faults' as it must be a share such as 2%: current value is '2'"],
  ["--faults 101%", "Cannot set '--faults' as it must be a share such as 2%"],
  ["--latency 5", "Cannot set '--latency' as it must be a time such as 500ms"],
  ["--latency 5ms-x", "Cannot set '--latency' as it must be a time such as 500ms"],
  ["--latency 9ms-5ms", "Cannot set 'latency' as its least must not be above its most: current value is [ 9, 5 ]"],
  ["--rpm 0", "Cannot set '--rpm' as it must be an integer of at least 1"],
  ["--rmp 5", "Cannot use '--rmp' as there is no such option: did you mean '--rpm'?"],
  ["--enforce bukket", "did you mean 'bucket'?"],
  ["--fault-kinds 500,rest", "did you mean 'reset'?"],
  ["--port 99999", "Cannot set 'port' as it must be an integer from 0 to 65535"],
  ["llama", "Cannot serve 'llama' as there is one model, the simulated one: leave it out"],
])("refuses %s", async (argv, message) => {
  const { code, stderr, stdout } = await runCli(["serve-model", ...argv.split(" ")]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});

it("says in one line that a port is taken", async () => {
  const model = await serveModel();
  const { port } = new URL(model.url);
  const { code, stderr } = await runCli(["serve-model", "--port", port]);
  await model.close();
  expect(code).toBe(2);
  expect(stderr).toBe(
    `manyhands serve-model: Cannot listen on 127.0.0.1:${port} as the port is taken: choose another, or 0 for any that is free\n`,
  );
});

it("has a help of 80 columns with every option", () => {
  const help = commandHelp(serveModelCommand);
  for (const name of Object.keys(optionsOf(serveModelCommand))) expect(help).toContain(` --${name}`);
  for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

it("shows in one line of a terminal how it goes", async () => {
  vi.stubEnv("CI", "");
  vi.stubEnv("TERM", "xterm");
  onTestFinished(() => void vi.unstubAllEnvs());
  const model = await serveModel();
  onTestFinished(() => model.close());
  let text = "";
  const stats = { ...model.stats(), inFlight: 3, statuses: { 200: 40, 429: 2 } };
  using _live = new LiveCounts(() => stats, { isTTY: true, columns: 80, write: (part: string) => (text += part) });
  await expect.poll(() => text, { timeout: 10_000 }).toMatch(/3 in flight .*42 responses/);
  expect(text).toMatch(/2 failed/);
});

it.skipIf(process.platform === "win32")("serves until it is interrupted, and tells how it went", async () => {
  const cli = startCli(["serve-model", "--port", "0", "--latency", "0ms", "--json", "--rpm", "1"]);
  const url = await new Promise<string>((resolve) => {
    cli.child.stdout!.once("data", (line: Buffer) => resolve((JSON.parse(line.toString()) as { url: string }).url));
  });
  const ask = async (): Promise<number> => {
    const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hello" }] });
    return (await fetch(`${url}/chat/completions`, { method: "POST", body })).status;
  };
  expect([await ask(), await ask()]).toEqual([200, 429]);
  // The connection is still open.
  cli.child.kill("SIGTERM");
  const { code, stdout, stderr } = await cli.result;
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout.split("\n")[1]!)).toMatchObject({
    exitCode: 0,
    requests: 2,
    answered: 1,
    statuses: { 200: 1, 429: 1 },
  });
});
