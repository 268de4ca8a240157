/** `manyhands map`: a worker, a task or a function over each line of a file. */
import { type BatchOutcome, performBatch } from "../../batch/run-batch.js";
import { ManyhandsError } from "../../errors.js";
import { type Command, type CommandContext, EXIT } from "../command.js";
import { Interruption } from "../interruption.js";
import { readCount, readDuration, readFlag, readJson, readText } from "../read-value.js";
import { UsageError } from "../usage-error.js";
import { MAP_OPTIONS } from "./map-options.js";
import { type MapPool, openMapPool, readPoolOptions } from "./map-pool.js";
import { report } from "./report.js";
import { resumeCommand } from "./resume-command.js";
import { findTarget, nameOf, settingsOf } from "./target.js";

const GRACE = 5000;

/** Errors that every other item would meet too: of the worker, not of the item. */
const FATAL: readonly string[] = ["MH_DEFINITION", "MH_MISSING_PACKAGE", "MH_WORKER_START"];

export const map: Command = {
  name: "map",
  summary: "run a method, a task or a function over each line of a file",
  usage: "MODULE[#export[.method]] INPUT -o OUTPUT [options]",
  details: [
    "Each line of the input is JSON and becomes the argument of one call. Each result is written as a line " +
      '{"index":N,"output":…} as soon as it is there; N counts the lines of the input from 0. INPUT may be - for ' +
      "standard input.",
    "What the module exports may be a worker, whose method is named if it has several, a task, or a function. A " +
      "TypeScript module will do.",
    "Interrupt it whenever you like, by Ctrl-C, kill -9 or the power switch: the same command with --resume finishes " +
      "exactly what is missing. What failed is in OUTPUT.failures, and is tried again by --resume. Settings are in " +
      "OUTPUT.manyhands; do not delete it before the output is complete.",
  ],
  options: MAP_OPTIONS,
  examples: [
    "manyhands map ./hasher.js#HasherWorker.hash paths.jsonl -o hashes.jsonl",
    "manyhands map ./rows.ts#enrich rows.jsonl -o rich.jsonl --rpm 500 --retries 3",
    "cat rows.jsonl | manyhands map ./rows.ts#enrich - -o - | jq .output",
  ],
  run: runMap,
};

/** What was typed, as far as it is not about the pool. */
interface MapSettings {
  readonly reference: string;
  readonly input: string;
  readonly output: string;
  readonly failures: string | false | undefined;
  readonly init: unknown;
  readonly isSpread: boolean;
  readonly maxFailures: number | undefined;
  readonly grace: number;
  readonly isQuiet: boolean;
}

async function runMap(context: CommandContext): Promise<number> {
  const { argv, values, streams } = context;
  const settings = readSettings(context);
  const poolOptions = readPoolOptions(values);
  const target = await findTarget(settings.reference);
  const pool = openMapPool(target, poolOptions, settings);
  using interruption = new Interruption(() => {
    if (settings.isQuiet) return;
    streams.stderr.write("manyhands map: ending as soon as what runs is done; interrupt again to end now\n");
  });
  const { signal } = interruption;
  let stopping: Promise<void> | undefined;
  // Calls that wait in the pool are given up at once; those that run have until their grace is over.
  signal.addEventListener("abort", () => {
    stopping ??= pool.stop(settings.grace);
  });
  let outcome: BatchOutcome;
  try {
    outcome = await performBatch({
      ...toBatch(context, settings, pool),
      settings: settingsOf(target, settings.output, settings.init, settings.isSpread),
      progress: !settings.isQuiet &&
        !readFlag(values, "no-progress") && { description: nameOf(target), stream: streams.stderr },
      signal,
    });
  } catch (error) {
    // Before anything was begun.
    if (signal.aborted && error === signal.reason) return interruption.exitCode ?? EXIT.interrupted;
    throw error;
  } finally {
    await (stopping ?? pool.stop(0));
  }
  const exitCode = exitCodeOf(outcome, interruption.exitCode);
  const { output, isQuiet } = settings;
  report({
    outcome,
    exitCode,
    output,
    resume: resumeCommand(argv),
    isQuiet,
    isJson: readFlag(values, "json"),
    streams,
  });
  return exitCode;
}

function readSettings({ values, positionals }: CommandContext): MapSettings {
  const [reference, input, ...others] = positionals;
  if (reference === undefined) {
    throw new UsageError("Cannot map as no module was given: manyhands map MODULE#export INPUT -o OUTPUT");
  }
  if (input === undefined) {
    throw new UsageError("Cannot map as no input was given: name a file, or - for standard input");
  }
  if (others.length > 0) {
    throw new UsageError(`Cannot map '${others[0]}' too as there is one input: quote names with spaces`);
  }
  const output = readText(values, "output");
  if (output === undefined) throw new UsageError("Cannot map as no output was given: add -o OUTPUT.jsonl");
  if (readFlag(values, "no-failures") && readText(values, "failures") !== undefined) {
    throw new UsageError("Cannot set '--no-failures' as '--failures' is set too: choose one");
  }
  if (output === "-" && readFlag(values, "resume")) {
    throw new UsageError("Cannot resume standard output as what was written cannot be read: name a file with -o");
  }
  if (readFlag(values, "resume") && readFlag(values, "overwrite")) {
    throw new UsageError("Cannot set '--overwrite' as '--resume' is set too: choose one");
  }
  return {
    reference,
    input,
    output,
    failures: readFlag(values, "no-failures") ? false : readText(values, "failures"),
    init: readJson(values, "init"),
    isSpread: readFlag(values, "spread"),
    maxFailures: readCount(values, "max-failures", 1),
    grace: readDuration(values, "grace") ?? GRACE,
    isQuiet: readFlag(values, "quiet"),
  };
}

function toBatch(
  { values, streams }: CommandContext,
  settings: MapSettings,
  pool: MapPool,
): Parameters<typeof performBatch>[0] {
  const { input, output, failures, maxFailures, grace } = settings;
  return {
    input: input === "-" ? streams.stdin : input,
    output: output === "-" ? streams.stdout : output,
    run: pool.run,
    concurrency: pool.concurrency,
    ordered: readFlag(values, "ordered"),
    failures,
    resume: readFlag(values, "resume"),
    overwrite: readFlag(values, "overwrite"),
    force: readFlag(values, "force"),
    maxFailures,
    stopOn: (error) => ManyhandsError.is(error) && FATAL.includes(error.code),
    grace,
  };
}

function exitCodeOf({ summary, stopped }: BatchOutcome, interrupted: number | undefined): number {
  if (stopped?.isAbort) return interrupted ?? EXIT.interrupted;
  return stopped || summary.failed > 0 ? EXIT.incomplete : EXIT.done;
}
