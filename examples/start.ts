// `npm start`: the two main jobs of this repository, one after the other, each a program of its own. A thousand prompts go
// to a simulated model; then every text file of a folder is read, analysed and recorded. See --help.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { HELP, parseArguments, UsageError } from "./file-pipeline/arguments.js";

const BAD_USAGE = 2;
const OVERVIEW = `Usage: npm start -- [--only JOB] [FOLDER] [OPTIONS]

Runs two jobs, one after the other:
  prompts   asks a simulated model a thousand prompts, needs no key
  files     reads every text file below FOLDER, see below

--only JOB          prompts or files

The options of the second job:

`;

interface Job {
  readonly name: "prompts" | "files";
  readonly program: string;
  readonly args: readonly string[];
}

/** @throws {UsageError} */
function jobsFor(args: readonly string[]): readonly Job[] | undefined {
  const at = args.indexOf("--only");
  const only = at < 0 ? undefined : args[at + 1];
  if (at >= 0 && only !== "prompts" && only !== "files") {
    throw new UsageError(`Cannot run only '${only ?? ""}': choose one of prompts, files`);
  }
  const rest = at < 0 ? args : args.toSpliced(at, 2);
  // What is wrong with them is told now, and not after the first job.
  if (parseArguments(rest).isHelp) return undefined;
  const jobs: readonly Job[] = [
    { name: "prompts", program: "prompt-job/main.js", args: [] },
    { name: "files", program: "file-pipeline/main.js", args: rest },
  ];
  return jobs.filter(({ name }) => only === undefined || name === only);
}

/** Resolves with its exit code. */
async function run({ program, args }: Job): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...args], { stdio: "inherit" });
  const pass = (signal: NodeJS.Signals): void => {
    // A terminal has told the child of Ctrl-C as well, and to be told twice means to end at once.
    if (signal !== "SIGINT" || !(process.stdin.isTTY || process.stderr.isTTY)) child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
    });
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, pass);
  }
}

async function main(): Promise<number> {
  const jobs = jobsFor(process.argv.slice(2));
  if (!jobs) {
    process.stdout.write(OVERVIEW + HELP);
    return 0;
  }
  let exitCode = 0;
  for (const [index, job] of jobs.entries()) {
    if (index > 0) process.stdout.write("\n");
    exitCode = Math.max(exitCode, await run(job));
    // Interrupted, or ended from outside.
    if (exitCode >= 128) break;
  }
  return exitCode;
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = BAD_USAGE;
}
