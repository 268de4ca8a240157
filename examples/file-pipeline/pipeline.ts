import { CancelledError, type Future, type Pool, WorkerStartError } from "manyhands";
import type { Analyser, FileRecord } from "./analyser.js";
import { NotTextError } from "./not-text-error.js";
import type { Reader } from "./reader.js";
import { OutputError, type Recorder } from "./recorder.js";
import type { Totals } from "./totals.js";
import type { Found } from "./walk.js";
import { Window } from "./window.js";

/** One pool for each stage. */
export interface Stages {
  readonly reader: Pool<Reader>;
  readonly analyser: Pool<Analyser>;
  readonly recorder: Pool<Recorder>;
}

export interface PipelineOptions {
  readonly totals: Totals;
  /** Stops it: what runs is finished, what waits is given up. */
  readonly signal: AbortSignal;
  onRecord?(record: FileRecord): void;
}

/** What may be between its reading and its record: so much memory holds, whatever the number of files. */
const IN_FLIGHT = {
  bytes: 128_000_000,
  /** Per worker: enough that none waits for a file to be read. */
  files: 32,
  /** Per worker in this thread, where reading many ahead keeps signals and the progress line waiting. */
  filesHere: 4,
};

/**
 * Sends every file through the stages, and resolves when all are through. A file that fails is counted, and the others
 * go on.
 *
 * @throws {OutputError | WorkerStartError} where none could go on
 */
export async function runPipeline(
  found: AsyncIterable<Found> | Iterable<Found>,
  { reader, analyser, recorder }: Stages,
  { totals, signal, onRecord }: PipelineOptions,
): Promise<void> {
  const { mode, workers } = analyser.stats();
  const perWorker = mode === "thread" || mode === "process" ? IN_FLIGHT.files : IN_FLIGHT.filesHere;
  const window = new Window(workers.total * perWorker, IN_FLIGHT.bytes);
  const analyses = new Set<Future<FileRecord>>();
  let fatal: unknown;
  const giveUp = (): void => {
    for (const analysis of analyses) if (analysis.status === "queued") analysis.cancel();
  };
  const follow = async (path: string, size: number): Promise<void> => {
    // The content goes from pool to pool without a stop here: by reference to a worker in this thread; copied into
    // another thread, or over a socket to a process, which costs a few per cent of the work on it.
    const analysis = analyser.analyse(reader.read(path));
    const stored = recorder.store(analysis);
    analyses.add(analysis);
    try {
      const record = await stored;
      totals.add(record);
      onRecord?.(record);
    } catch (error) {
      if (error instanceof NotTextError) totals.skip("binary");
      else if (error instanceof CancelledError) totals.cancelled += 1;
      else if (error instanceof OutputError || error instanceof WorkerStartError) {
        fatal ??= error;
        giveUp();
      } else totals.fail(path, error);
    } finally {
      analyses.delete(analysis);
      window.leave(size);
    }
  };

  signal.addEventListener("abort", giveUp);
  for await (const item of found) {
    if (signal.aborted || fatal !== undefined) break;
    if (item.kind === "skipped") totals.skip(item.reason);
    else if (item.kind === "failed") totals.fail(item.path, item.error);
    else {
      await window.enter(item.size);
      if (signal.aborted || fatal !== undefined) {
        window.leave(item.size);
        break;
      }
      void follow(item.path, item.size);
    }
  }
  await window.empty();
  signal.removeEventListener("abort", giveUp);
  if (fatal !== undefined) throw fatal;
}
