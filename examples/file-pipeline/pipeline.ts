import { CancelledError, type Future, type Pool, pipeline, ResourceLimit, WorkerStartError } from "manyhands";
import type { Analyser, FileRecord } from "./analyser.js";
import { NotTextError } from "./not-text-error.js";
import type { Reader } from "./reader.js";
import { OutputError, type Recorder } from "./recorder.js";
import type { Totals } from "./totals.js";
import type { Found, FoundFile } from "./walk.js";

/** One pool for each stage. */
export interface Stages {
  readonly reader: Pool<Reader>;
  readonly analyser: Pool<Analyser>;
  readonly recorder: Pool<Recorder>;
}

export interface RunOptions {
  readonly totals: Totals;
  /** Stops it: what runs is finished, what waits is given up. */
  readonly signal: AbortSignal;
  onRecord?(record: FileRecord): void;
  /** Told of every entry that has an outcome. */
  onSeen?(outcome: "success" | "failure"): void;
}

/** What may be between its reading and its record: so much memory holds, whatever the number of files. */
const IN_FLIGHT = {
  bytes: 128_000_000,
  /** Per worker: enough that none waits for a file to be read. */
  files: 32,
  /** Per worker in this thread, where reading many ahead keeps signals and the progress bar waiting. */
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
  { totals, signal, onRecord, onSeen }: RunOptions,
): Promise<void> {
  const { mode, workers } = analyser.stats();
  const perWorker = mode === "thread" || mode === "process" ? IN_FLIGHT.files : IN_FLIGHT.filesHere;
  const analyses = new Set<Future<FileRecord>>();

  async function* files(): AsyncGenerator<FoundFile> {
    for await (const item of found) {
      if (signal.aborted) return;
      if (item.kind === "file") {
        yield item;
        continue;
      }
      if (item.kind === "skipped") totals.skip(item.reason);
      else totals.fail(item.path, item.error);
      onSeen?.(item.kind === "skipped" ? "success" : "failure");
    }
  }

  const readAndAnalyse = async ({ path }: FoundFile): Promise<FileRecord> => {
    if (signal.aborted) throw new CancelledError("Cannot begin with another file as the run was interrupted");
    // The content goes from pool to pool without a stop here: by reference to a worker in this thread; copied into
    // another thread, or over a socket to a process, which costs a few per cent of the work on it.
    const analysis = analyser.analyse(reader.read(path));
    analyses.add(analysis);
    try {
      return await analysis;
    } finally {
      analyses.delete(analysis);
    }
  };

  const run = pipeline(files())
    .stage(readAndAnalyse, {
      ordered: false,
      concurrency: workers.total * perWorker,
      limits: [new ResourceLimit({ key: "bytes", capacity: IN_FLIGHT.bytes })],
      // One that is larger alone goes alone.
      cost: ({ size }) => ({ bytes: Math.min(size, IN_FLIGHT.bytes) }),
    })
    .stage(recorder.store, { ordered: false })
    .run({
      onError: ({ item, error }) => {
        if (error instanceof OutputError || error instanceof WorkerStartError) return "stop";
        if (error instanceof CancelledError) {
          totals.cancelled += 1;
          return "skip";
        }
        if (error instanceof NotTextError) totals.skip("binary");
        else totals.fail((item as { readonly path: string }).path, error);
        onSeen?.(error instanceof NotTextError ? "success" : "failure");
        return "skip";
      },
    });

  const giveUp = (): void => {
    for (const analysis of analyses) if (analysis.status === "queued") analysis.cancel();
  };
  signal.addEventListener("abort", giveUp);
  try {
    for await (const record of run) {
      totals.add(record);
      onRecord?.(record);
      onSeen?.("success");
    }
  } finally {
    signal.removeEventListener("abort", giveUp);
    // Where it failed: what waits is of no use any more.
    giveUp();
  }
}
