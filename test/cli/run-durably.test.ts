import { Readable, Writable } from "node:stream";
import { expect, it } from "vitest";
import type { FileSettings } from "../../dist/cli/batch/file-options.js";
import { runDurably } from "../../dist/cli/batch/run-durably.js";

it("is interrupted before anything was begun, and says so as JSON too", async () => {
  let written = "";
  const stdout = new Writable({ write: (chunk, _encoding, done) => ((written += String(chunk)), done()) });
  const streams = { stdin: Readable.from([]), stdout, stderr: stdout };
  const files = { output: "none", isQuiet: true } as FileSettings;
  const perform = async (signal: AbortSignal): Promise<never> => {
    process.emit("SIGHUP", "SIGHUP");
    throw signal.reason;
  };
  const context = { argv: [], values: { json: true }, positionals: [], streams };
  expect(await runDurably(context, { command: "prompts", files, perform })).toBe(129);
  expect(JSON.parse(written)).toEqual({ exitCode: 129, isInterrupted: true });
});
