/** `manyhands map`: a worker, a task or a function over each line of a file. */
import { type BatchOutcome, performBatch } from "../../batch/run-batch.js";
import { ManyhandsError } from "../../errors.js";
import { type FileSettings, readFileSettings } from "../batch/file-options.js";
import { runDurably } from "../batch/run-durably.js";
import type { Command, CommandContext } from "../command.js";
import { readFlag, readJson } from "../read-value.js";
import { UsageError } from "../usage-error.js";
import { MAP_OPTIONS } from "./map-options.js";
import { openMapPool, readPoolOptions } from "./map-pool.js";
import { findTarget, nameOf, settingsOf } from "./target.js";

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
  readonly files: FileSettings;
  readonly init: unknown;
  readonly isSpread: boolean;
}

async function runMap(context: CommandContext): Promise<number> {
  const { values, streams } = context;
  const settings = readSettings(context);
  const { files } = settings;
  const poolOptions = readPoolOptions(values);
  const target = await findTarget(settings.reference);
  return runDurably(context, { command: "map", files, perform });

  async function perform(signal: AbortSignal): Promise<BatchOutcome> {
    const pool = openMapPool(target, poolOptions, settings);
    let stopping: Promise<void> | undefined;
    // Calls that wait in the pool are given up at once; those that run have until their grace is over.
    signal.addEventListener("abort", () => {
      stopping ??= pool.stop(files.grace);
    });
    try {
      return await performBatch({
        ...files.batch,
        run: pool.run,
        concurrency: pool.concurrency,
        ordered: readFlag(values, "ordered"),
        stopOn: (error) => ManyhandsError.is(error) && FATAL.includes(error.code),
        settings: settingsOf(target, files.output, settings.init, settings.isSpread),
        progress: files.hasProgress && { description: nameOf(target), stream: streams.stderr },
        signal,
      });
    } finally {
      await (stopping ?? pool.stop(0));
    }
  }
}

function readSettings(context: CommandContext): MapSettings {
  const { values, positionals } = context;
  const [reference, ...inputs] = positionals;
  if (reference === undefined) {
    throw new UsageError("Cannot map as no module was given: manyhands map MODULE#export INPUT -o OUTPUT");
  }
  const files = readFileSettings("map", context, inputs);
  return { reference, files, init: readJson(values, "init"), isSpread: readFlag(values, "spread") };
}
