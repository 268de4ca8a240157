// Reads, analyses and records all text files below a folder, in three pools of different modes: the pattern of
// `06-pipeline.ts` as a complete program, with progress, a clean end at Ctrl-C, and measured speed. See --help.
import { open, stat } from "node:fs/promises";
import { ProgressBar, WorkerStartError } from "manyhands";
import { AnalyserWorker, type FileRecord } from "./analyser.js";
import { type Arguments, HELP, parseArguments } from "./arguments.js";
import { compare, Sample } from "./compare.js";
import { Interruption } from "./interruption.js";
import { columns, endWithReader, here, print } from "./output.js";
import { runPipeline, type Stages } from "./pipeline.js";
import { ReaderWorker } from "./reader.js";
import { OutputError, RecorderWorker } from "./recorder.js";
import { comparisonText, namesText, poolsText, totalsText } from "./report.js";
import { count, plural } from "./text.js";
import { Totals } from "./totals.js";
import { UsageError } from "./usage-error.js";
import { countEntries, walk, type WalkOptions } from "./walk.js";

const EXIT = { ok: 0, someFailed: 1, badUsage: 2 } as const;

async function main(): Promise<number> {
  const options = parseArguments(process.argv.slice(2));
  if (options.isHelp) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const except = await checkPlaces(options);
  let bar: ProgressBar | undefined;
  const interruption = new Interruption(() => bar?.log("Stopping (Ctrl-C again: at once)"));
  const { mode, workers: maxWorkers, output } = options;

  await using reader = ReaderWorker.init();
  // Files differ in size: few are handed over ahead of time, each to the worker that has least to do.
  const ahead = mode === "thread" || mode === "process" ? { maxQueuedTasks: 8 } : {};
  await using analyser = AnalyserWorker.options({ mode, maxWorkers, loadBalancing: "least-active", ...ahead }).init();
  await using recorder = RecorderWorker.init(output);
  const stages: Stages = { reader, analyser, recorder };
  const { signal } = interruption;
  const sample = new Sample();

  const totals = new Totals();
  let total: number | undefined;
  const reading = (bar = new ProgressBar({ description: "Reading", unit: "files", leave: false }));
  void countEntries(options.folder, signal).then((entries) => (reading.total = total = entries));
  const startedAt = performance.now();
  try {
    const found = walk(options.folder, { maxSize: options.maxSize, except });
    const onRecord = (record: FileRecord): void => sample.add(record);
    const onSeen = (outcome: "success" | "failure"): void => reading.advance(1, outcome);
    await runPipeline(found, stages, { totals, signal, onRecord, onSeen });
    if (signal.aborted) reading.stop();
    else reading.succeed();
  } finally {
    reading.fail();
  }
  const elapsed = performance.now() - startedAt;

  const width = columns();
  const reached =
    total === undefined ? plural(totals.seen, "file") : `${count(totals.seen)} of ${plural(total, "file")}`;
  print(signal.aborted ? `Interrupted after ${reached}` : `All of ${here(options.folder)}`);
  print(totalsText(totals, elapsed, width));
  print(`\n${plural(totals.files, "record")} in ${here(output)}`);
  if (interruption.exitCode !== undefined) return interruption.exitCode;
  print(
    `\nPools\n${poolsText({ Reader: reader.stats(), Analyser: analyser.stats(), Recorder: recorder.stats() }, width)}`,
  );
  if (totals.files > 0) {
    print(`\nMost frequent names\n${namesText(await analyser.broadcast.names(), width)}`);
    if (options.isCompared) {
      using comparing = new ProgressBar({
        description: "Comparing",
        unit: "files",
        total: 2 * sample.files.length,
        leave: false,
      });
      bar = comparing;
      const comparison = await compare(sample, stages, signal, () => comparing.advance());
      comparing.succeed();
      if (comparison) print(`\nAgainst the same work without pools\n${comparisonText(comparison, width)}`);
    }
  }
  return interruption.exitCode ?? (totals.failedCount > 0 ? EXIT.someFailed : EXIT.ok);
}

/**
 * Makes sure that there is a folder to read and a file to write.
 * @throws {UsageError}
 */
async function checkPlaces({ folder, output }: Arguments): Promise<WalkOptions["except"]> {
  const status = await stat(folder).catch((error: Error) => {
    throw new UsageError(`Cannot read ${folder}: ${reason(error)}: name a folder that exists`);
  });
  if (!status.isDirectory()) throw new UsageError(`Cannot read ${folder}: it is not a folder: name one`);
  try {
    await using file = await open(output, "w");
    const { dev, ino } = await file.stat();
    return { dev, ino };
  } catch (error) {
    throw new UsageError(`Cannot write to ${output}: ${reason(error as Error)}: name another file with --output`);
  }
}

/** `ENOENT: no such file or directory, stat '…'` without what is known anyway. */
function reason(error: Error): string {
  return error.message.replace(/^[A-Z]+: /, "").replace(/, .*$/, "");
}

endWithReader();

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError;
  const isExpected = isUsage || error instanceof OutputError || error instanceof WorkerStartError;
  process.stderr.write(`${isExpected ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exitCode = isUsage ? EXIT.badUsage : EXIT.someFailed;
}
