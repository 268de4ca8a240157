import { type ChildProcess, spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../dist/cli/program.js";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** The module of the tests, as the command line takes it. */
export const MAPPED = fileURLToPath(new URL("../../build/test/fixtures/mapped.js", import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
  /** Resolves once standard error holds the text. */
  says(text: string): Promise<void>;
}

export interface CliSettings {
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Runs in a shell that has done this first. */
  readonly after?: string;
}

/** Starts the command as users do. */
export function startCli(args: readonly string[], { stdin, env, after }: CliSettings = {}): RunningCli {
  const command = [process.execPath, MAIN, ...args];
  const [file = "", ...rest] = after === undefined ? command : ["sh", "-c", `${after}; exec "$@"`, "sh", ...command];
  const child = spawn(file, rest, {
    env: { ...process.env, NO_COLOR: "1", ...env },
    // One that hangs fails its test, and must not outlive it.
    timeout: 18_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  // It may end before it has read anything.
  child.stdin.on("error", () => {});
  if (env?.MAPPED_DIES === undefined) child.stdin.end(stdin ?? "");
  return {
    child,
    result: new Promise((resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    }),
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => void (stderr.includes(text) && resolve());
        child.stderr.on("data", look);
        child.once("close", () => reject(new Error(`It never said '${text}': ${stderr}`)));
        look();
      }),
  };
}

/** Runs what the command runs, in this process: many times faster. */
export async function runCli(args: readonly string[], { stdin = "" } = {}): Promise<Omit<CliResult, "signal">> {
  const [stdout, stderr] = [new Collector(), new Collector()];
  const code = await runProgram(args, { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Collector extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
