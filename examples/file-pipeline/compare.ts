import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Analyser, type FileRecord } from "./analyser.js";
import { runPipeline, type Stages } from "./pipeline.js";
import { Reader } from "./reader.js";
import { Recorder, RecorderWorker } from "./recorder.js";
import { Totals } from "./totals.js";
import type { Found } from "./walk.js";

/** Files of a run that can be read again: its first ones, up to a limit. */
export class Sample {
  static readonly MOST_BYTES = 48_000_000;
  static readonly MOST_FILES = 20_000;
  readonly #files: { readonly path: string; readonly bytes: number }[] = [];
  #bytes = 0;

  get files(): readonly { readonly path: string; readonly bytes: number }[] {
    return this.#files;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add({ path, bytes }: FileRecord): void {
    if (this.#bytes + bytes > Sample.MOST_BYTES || this.#files.length >= Sample.MOST_FILES) return;
    this.#files.push({ path, bytes });
    this.#bytes += bytes;
  }
}

/** What the same work took, in ms. */
export interface Comparison {
  readonly files: number;
  readonly bytes: number;
  /** One file after the other, without any pool. */
  readonly alone: number;
  readonly pooled: number;
}

/** Files processed unmeasured first, for the compiler of V8 to have seen the code. */
const WARM_UP_FILES = 300;
/** Parts of the sample, done both ways in turn: what else the machine has to do then slows both alike. */
const PARTS = 4;

/**
 * Does to the files of a sample what the pipeline did, once more with the pools, which have started already, and once
 * without: the same classes, called one after the other. Calls `onFile` after each file.
 *
 * @returns `undefined` when the signal fired
 */
export async function compare(
  sample: Sample,
  stages: Omit<Stages, "recorder">,
  signal: AbortSignal,
  onFile: () => void,
): Promise<Comparison | undefined> {
  const { files, bytes } = sample;
  const folder = await mkdtemp(join(tmpdir(), "manyhands-"));
  try {
    await using single = new Recorder(join(folder, "alone.jsonl"));
    await using recorder = RecorderWorker.init(join(folder, "pooled.jsonl"));
    const one = { reader: new Reader(), analyser: new Analyser(), recorder: single };
    await processAlone(files.slice(0, WARM_UP_FILES), one, signal, () => {});
    const took = { alone: 0, pooled: 0 };
    for (let part = 0; part < PARTS && !signal.aborted; part += 1) {
      const [from, to] = [part, part + 1].map((index) => Math.floor((files.length * index) / PARTS));
      const some = files.slice(from, to);
      took.alone += await measure(() => processAlone(some, one, signal, onFile));
      const found = some.map((file): Found => ({ kind: "file", path: file.path, size: file.bytes }));
      const work = { totals: new Totals(), signal, onRecord: onFile };
      took.pooled += await measure(() => runPipeline(found, { ...stages, recorder }, work));
    }
    return signal.aborted ? undefined : { files: files.length, bytes, ...took };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function processAlone(
  files: Sample["files"],
  { reader, analyser, recorder }: { reader: Reader; analyser: Analyser; recorder: Recorder },
  signal: AbortSignal,
  onFile: () => void,
): Promise<void> {
  for (const { path } of files) {
    if (signal.aborted) return;
    try {
      await recorder.store(analyser.analyse(await reader.read(path)));
      onFile();
    } catch {
      // It has changed since it was read before: no loss, as the other way meets the same.
    }
  }
}

async function measure(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
