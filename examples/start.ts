// `npm start`: the two main jobs of this repository, one after the other, each a program of its own. A thousand prompts go
// to a simulated model; then every text file of a folder is read, analysed and recorded. See --help.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { HELP as FILE_PIPELINE, parseArguments as parseFilePipeline } from "./file-pipeline/arguments.js";
import { endWithReader } from "./file-pipeline/output.js";
import { UsageError } from "./file-pipeline/usage-error.js";
import { HELP as PROMPT_JOB, parseArguments as parsePromptJob } from "./prompt-job/arguments.js";

const BAD_USAGE = 2;
const INTERRUPTED = 128;
const OVERVIEW = `Usage: npm start -- [--only JOB] [OPTIONS]

Runs two jobs, one after the other:
  prompts   asks a simulated model a thousand prompts; needs no key
  files     reads every text file of a folder; takes OPTIONS

--only JOB          prompts or files, which then takes OPTIONS

`;

interface Job {
  readonly name: "prompts" | "files";
  readonly args: readonly string[];
}

const JOBS = {
  prompts: { program: "prompt-job/main.js", parse: parsePromptJob, help: PROMPT_JOB },
  files: { program: "file-pipeline/main.js", parse: parseFilePipeline, help: FILE_PIPELINE },
} as const;

/** @throws {UsageError} */
function jobsFor(args: readonly string[]): readonly Job[] | undefined {
  const at = args.indexOf("--only");
  const only = at < 0 ? "both" : (args[at + 1] ?? "");
  if (only !== "both" && only !== "prompts" && only !== "files") {
    throw new UsageError(`Cannot run only '${only}': choose one of prompts, files`);
  }
  const options = at < 0 ? args : args.toSpliced(at, 2);
  const takesOptions = only === "prompts" ? "prompts" : "files";
  // What is wrong with them is told now, and not after the first job.
  if (JOBS[takesOptions].parse(options).isHelp) return undefined;
  const job: Job = { name: takesOptions, args: options };
  return only === "both" ? [{ name: "prompts", args: [] }, job] : [job];
}

/** Resolves with its exit code. */
async function run({ name, args }: Job): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, JOBS[name].program), ...args], { stdio: "inherit" });
  const pass = (signal: NodeJS.Signals): void => {
    // A terminal has told the child of Ctrl-C as well, and to be told twice means to end at once.
    if (signal !== "SIGINT" || !(process.stdin.isTTY || process.stderr.isTTY)) child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? INTERRUPTED + constants.signals[signal!]));
    });
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, pass);
  }
}

async function main(): Promise<number> {
  const jobs = jobsFor(process.argv.slice(2));
  if (!jobs) {
    process.stdout.write([OVERVIEW, JOBS.prompts.help, "\n", JOBS.files.help].join(""));
    return 0;
  }
  let exitCode = 0;
  for (const [index, job] of jobs.entries()) {
    if (index > 0) process.stdout.write("\n");
    exitCode = Math.max(exitCode, await run(job));
    // Interrupted, or ended from outside.
    if (exitCode > INTERRUPTED) break;
  }
  return exitCode;
}

endWithReader();

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = BAD_USAGE;
}
