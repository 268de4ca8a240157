import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeInput, range, readLines } from "../batch/folder.js";
import { MAPPED, runCli, startCli } from "./run-cli.js";

const outputs = (path: string): unknown[] =>
  readLines(path)
    .toSorted((a, b) => a.index - b.index)
    .map(({ output }) => output);

describe("manyhands map", () => {
  it("runs a method of a worker, with arguments for its constructor, in a mode of choice", async () => {
    const { input, output } = makeInput(range(20));
    const target = `${MAPPED}#CalculatorWorker.multiply`;
    const { code, stderr, stdout } = await runCli([
      "map",
      target,
      input,
      "-o",
      output,
      "--init",
      "[3]",
      "--mode",
      "thread",
      "--workers",
      "1",
    ]);
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "" });
    expect(stderr).toMatch(/Complete: 20 done, in \d+\.\d s\n$/);
    expect(outputs(output)).toEqual(range(20).map((n) => n * 3));
  });

  it("runs a task, and reports as JSON", async () => {
    const { input, output } = makeInput(range(20));
    const { code, stdout, stderr } = await runCli([
      "map",
      `${MAPPED}#square`,
      input,
      "-o",
      output,
      "--ordered",
      "--json",
      "--no-progress",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 0, done: 20, failed: 0, output, isInterrupted: false });
    expect(readLines(output)).toEqual(range(20).map((index) => ({ index, output: index ** 2 })));
  });

  it("runs a mere function, here or in threads", async () => {
    const { input, output } = makeInput(range(5));
    const args = ["map", `${MAPPED}#moments`, input, "-o", output, "--quiet", "--overwrite"];
    expect(await runCli(args)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(outputs(output)).toEqual(range(5));
    expect(await runCli([...args, "--mode", "thread", "--workers", "1"])).toMatchObject({ code: 0, stderr: "" });
    expect(outputs(output)).toEqual(range(5));
  });

  it("pipes: standard input, standard output, streams as lists, lists as arguments", async () => {
    const target = `${MAPPED}#CalculatorWorker`;
    const pipe = ["-", "-o", "-", "--ordered", "--quiet", "--mode", "async"];
    const streamed = await runCli(["map", `${target}.count`, ...pipe], { stdin: "2\n0\n" });
    expect(streamed).toMatchObject({
      code: 0,
      stderr: "",
      stdout: '{"index":0,"output":[0,1]}\n{"index":1,"output":[]}\n',
    });
    const spread = await runCli(["map", `${target}.add`, ...pipe, "--spread"], { stdin: "[1, 2]\n7\n" });
    expect(spread).toMatchObject({ code: 1, stdout: '{"index":0,"output":3}\n' });
  });

  it("ends with 1 when items failed, tells of the first, and keeps all; a resumed run tries them again", async () => {
    const { folder, input, output } = makeInput([1, 2, 3]);
    const failures = join(folder, "failed.jsonl");
    const args = ["map", `${MAPPED}#CalculatorWorker.odd`, input, "-o", output, "--mode", "sync", "--no-progress"];
    const first = await runCli([...args, "--failures", failures]);
    expect(first.code).toBe(1);
    expect(first.stderr.split("\n").slice(1)).toEqual([
      "First failure: line 2: RangeError: 2 is even",
      `All failures: ${failures}`,
      `To finish: manyhands ${args.join(" ")} --failures ${failures} --resume`,
      "",
    ]);
    const again = await runCli([...args, "--resume", "--no-failures", "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ exitCode: 1, done: 0, failed: 1, skipped: 2 });
    expect(existsSync(`${output}.failures`)).toBe(false);
  });

  it("keeps lines that are no JSON, with their numbers", async () => {
    const { folder, output } = makeInput([]);
    const input = join(folder, "mixed.jsonl");
    writeFileSync(input, "1\n{oops\n3");
    const { code, stderr } = await runCli(["map", `${MAPPED}#square`, input, "-o", output, "--no-progress"]);
    expect(code).toBe(1);
    expect(stderr).toContain("First failure: line 2 cannot be read as it is no JSON: ");
    expect(outputs(output)).toEqual([1, 9]);
    expect(readFileSync(`${output}.failures`, "utf8")).toMatch(/^\{"index":1,"text":"\{oops","error":\{/);
  });

  it("loses no other item when a worker dies", async () => {
    const { input, output } = makeInput(range(8));
    const target = `${MAPPED}#CalculatorWorker.die`;
    const args = ["map", target, input, "-o", output, "--mode", "process", "--workers", "1", "--no-progress"];
    const { code, stderr } = await runCli(args);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain("line 4: WorkerCrashedError");
    expect(outputs(output)).toEqual([0, 1, 2, 4, 5, 6, 7]);
  });

  it("stops at once when no worker can be started", async () => {
    const { input, output } = makeInput(range(100));
    const args = ["map", `${MAPPED}#BrokenWorker`, input, "-o", output, "--mode", "async", "--no-progress"];
    const { code, stderr } = await runCli(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^manyhands map: Cannot start .*No licence/);
    expect(stderr).toContain("Stopped: 0 done, in");
    expect(existsSync(`${output}.failures`)).toBe(false);
  });

  it.skipIf(process.platform === "win32")("ends in order when interrupted, and can be resumed", async () => {
    const { input, output } = makeInput(range(100));
    const args = ["map", `${MAPPED}#linger`, input, "-o", output, "--concurrency", "16", "--grace", "10ms"];
    const { child, says, result } = startCli(args);
    // Lines are written as soon as they are there.
    while (!existsSync(output) || readFileSync(output, "utf8").split("\n").length < 11) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // Meanwhile nobody else may write it.
    const second = await runCli([...args, "--resume"]);
    expect(second).toMatchObject({ code: 2, stdout: "" });
    expect(second.stderr).toBe(
      `manyhands map: Cannot write ${output} as another run is writing it (process ${child.pid}): wait until that run has ` +
        "ended, or choose another file\n",
    );
    child.kill("SIGINT");
    await says("ending as soon as what runs is done");
    const { code, stderr } = await result;
    expect(code).toBe(130);
    expect(stderr).toContain("Interrupted: 10 done, in");
    expect(stderr).toContain(`To finish: manyhands ${args.join(" ")} --resume`);
    const rest = await runCli(["map", `${MAPPED}#square`, input, "-o", output, "--resume", "--force", "--json"]);
    expect(JSON.parse(rest.stdout)).toMatchObject({ done: 90, skipped: 10 });
  });

  it.skipIf(process.platform === "win32")("ends at once at the second signal", async () => {
    const { input, output } = makeInput(range(11));
    const { child, says, result } = startCli(["map", `${MAPPED}#linger`, input, "-o", output, "--grace", "60s"]);
    while (!existsSync(output) || readFileSync(output, "utf8").split("\n").length < 11) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.kill("SIGTERM");
    await says("again ends at once");
    child.kill("SIGTERM");
    expect((await result).code).toBe(143);
  });

  it.skipIf(process.platform === "win32")("loses nothing when a write fails halfway", async () => {
    const { input, output } = makeInput(range(500).map((n) => "x".repeat(n % 90)));
    const args = [
      "map",
      `${MAPPED}#moments`,
      input,
      "-o",
      output,
      "--ordered",
      "--concurrency",
      "500",
      "--no-progress",
    ];
    // A file may have 16 blocks: of 512 or of 1,024 bytes, as the shell counts.
    const first = await startCli(args, { after: "ulimit -f 16" }).result;
    expect(first.code).toBe(1);
    expect(first.stderr).toContain(`Cannot write ${output} as it would be larger than its file system`);
    const done = readLines(output).length;
    expect(first.stderr).toContain(`Stopped: ${done} done`);
    expect(done).toBeGreaterThan(50);
    const rest = await runCli([...args, "--resume", "--json"]);
    expect(JSON.parse(rest.stdout)).toMatchObject({ exitCode: 0, done: 500 - done, skipped: done });
    expect(readLines(output).map(({ index }) => index)).toEqual(range(500));
  });
});
