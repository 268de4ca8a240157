import { readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { compileFunction } from "node:vm";
import { describe, expect, it } from "vitest";
import { PlaceWorker } from "#fixtures/place.js";
import { cachedCode, CODE_PARAMETERS, hostCode } from "../../dist/modes/host-code.js";
import { threadProgram } from "../../dist/modes/host-program.js";

describe("the code of a program of threads", () => {
  it.each(["thread", "packed-thread"] as const)("of kind %s is there soon, and V8 takes it", async (kind) => {
    // Compiled anew: V8 takes no code that was made with other flags, and a test before may have set some.
    const program = new URL("?anew", threadProgram(kind).code);
    const memory = hostCode(program);
    expect(hostCode(program)).toBe(memory);
    await turn();
    const cachedData = cachedCode(memory);
    expect(cachedData?.length).toBeGreaterThan(50_000);
    const options = { filename: program.href, cachedData: cachedData! };
    const define = compileFunction(readFileSync(program, "utf8"), CODE_PARAMETERS, options);
    expect((define as { cachedDataRejected?: boolean }).cachedDataRejected).toBe(false);
  });

  it("is none where there is no program, and none where none was given", async () => {
    const memory = hostCode(new URL("nowhere.cjs", import.meta.url));
    await turn();
    expect(cachedCode(memory)).toBeUndefined();
    expect(cachedCode(undefined)).toBeUndefined();
  });
});

describe("the stack of an error that the library throws in a thread", () => {
  it.each([
    ["in its sources", ["--enable-source-maps"], /[\\/]src[\\/]wire[\\/]unsendable\.ts:\d+/],
    ["in the program", [], /host\/linked\/thread-program\.cjs:\d+/],
  ])("says where that is %s", async (_, execArgv, place) => {
    await using pool = PlaceWorker.options({ mode: "thread", maxWorkers: 1, execArgv }).init();
    const error = await pool.unsendable().catch((thrown: unknown) => thrown as Error);
    expect((error as Error).stack).toMatch(place);
  });
});
