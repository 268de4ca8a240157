import { existsSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import { makeInput, range, readLines } from "../batch/folder.js";
import { MAPPED, type RunningCli, startCli } from "./run-cli.js";

const ITEMS = 12_000;
const KILLS = 50;
/** Programs that have loaded and wait for their turn. */
const READY = 2;

/** Lets so many runs over one input die, each at a random moment after it has loaded. Returns the sizes the output had. */
async function killAgainAndAgain(args: readonly string[], output: string, kills: number): Promise<Set<number>> {
  let started = 0;
  const start = (): RunningCli => {
    started += 1;
    const env = { MAPPED_DIES: started % 5 === 0 ? "early" : "at work" };
    return startCli([...args, "--resume", "--quiet"], { env });
  };
  const waiting = Array.from({ length: READY }, start);
  const sizes = new Set<number>();
  try {
    for (let run = 0; run < kills; run += 1) {
      const { child, says, result } = waiting.shift()!;
      if (started < kills) waiting.push(start());
      await says("loaded");
      child.stdin!.end("go\n");
      expect(await result).toMatchObject({ signal: "SIGKILL", stderr: "loaded\n" });
      if (existsSync(output)) sizes.add(statSync(output).size);
    }
    return sizes;
  } finally {
    for (const { child } of waiting) child.kill("SIGKILL");
    await Promise.all(waiting.map(({ result }) => result));
  }
}

it(
  `survives being killed ${KILLS} times: each item is in the output once, in order`,
  { timeout: 240_000 },
  async () => {
    const { input, output } = makeInput(range(ITEMS));
    const args = ["map", `${MAPPED}#wander`, input, "-o", output, "--ordered", "--concurrency", "32"];
    const sizes = await killAgainAndAgain(args, output, KILLS);
    // It was killed at work: else this would test nothing.

    expect(sizes.size).toBeGreaterThan(KILLS / 2);
    const { code, stderr } = await startCli([...args, "--resume", "--quiet"]).result;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readLines(output)).toEqual(range(ITEMS).map((index) => ({ index, output: index })));
    expect(existsSync(`${output}.late`)).toBe(false);
    expect(existsSync(`${output}.merging`)).toBe(false);
  },
);
