import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How a program ended and what it wrote. */
export interface ProgramResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs. */
export interface RunningProgram {
  readonly child: ChildProcess;
  readonly result: Promise<ProgramResult>;
  /** Resolves with the first line it writes. */
  readonly firstLine: Promise<string>;
}

/** Starts a compiled program of `test/fixtures/programs`. */
export function startProgram(name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): RunningProgram {
  const path = fileURLToPath(new URL(`../../build/test/fixtures/programs/${name}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    // One that hangs fails its test, and must not outlive it.
    timeout: 18_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes("\n")) resolve(stdout.slice(0, stdout.indexOf("\n")));
    });
  });
  const result = new Promise<ProgramResult>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, result, firstLine };
}

/** Runs a compiled program to its end. */
export async function runProgram(
  name: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<ProgramResult> {
  return startProgram(name, args, env).result;
}

/** Whether a process exists that is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
