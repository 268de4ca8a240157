/** `runBatch`: opens what a batch reads and writes, runs it, and closes it all, however it ends. */
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import { BatchStoppedError, type BatchSummary } from "../errors.js";
import { openProgress } from "../progress/open-progress.js";
import type { ProgressBar } from "../progress/progress-bar.js";
import { Appender, type AppenderEvents } from "./appender.js";
import { type BatchInput, type ByteSource, openSource } from "./byte-source.js";
import { countLines } from "./count-lines.js";
import { DoneSet } from "./done-set.js";
import { Engine, type EngineResult, type LineSink } from "./engine.js";
import { assertFailures, discardFailures } from "./failures-file.js";
import { fileError, isSystemError } from "./file-error.js";
import { identifyFile, identifyStream, type InputIdentity } from "./input-identity.js";
import { Journal } from "./journal.js";
import { JSON_LINES, type LineFormat } from "./line-format.js";
import { FileTarget, StreamTarget } from "./line-target.js";
import { type BatchOptions, type ResolvedBatch, resolveBatch } from "./options.js";
import { peekFirstLine } from "./peek-first-line.js";

/** How a batch ended, for a program that tells of it in its own words. */
export interface BatchOutcome {
  readonly summary: BatchSummary;
  /** Why it ended before its time: `signal` fired, or it could not go on. */
  readonly stopped: { readonly isAbort: boolean; readonly reason: unknown } | undefined;
  /** The first item that failed, in one line. */
  readonly firstFailure: string | undefined;
}

/**
 * Runs a function over each line of a JSON Lines file, and writes each result as a line as soon as it is there.
 *
 * The output is the checkpoint: lines of items that are done are written once and whole, as `{"index":…,"output":…}`, and a
 * run with `resume` does what is missing, whatever ended the one before, `kill -9` included. Items that failed go to a file
 * of their own, and a resumed run tries them again. Memory does not grow with the input. While it runs, no other run can
 * write the same output. What the output was made with is in `OUTPUT.manyhands`, which resuming needs.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @throws {BatchRefusedError} when the output exists, is being written, or was made with other settings; nothing has changed
 * @throws {BatchStoppedError} when it ended early: the disk is full, `stopOn` or `maxFailures` said so (see `cause`)
 * @throws the reason of `signal` when that fired; what was done until then is in the output
 * @example
 * const { done, failed } = await runBatch({
 *   input: "texts.jsonl",
 *   output: "lengths.jsonl",
 *   run: (text: string) => text.length,
 *   resume: true,
 * });
 */
export async function runBatch<I, O>(options: BatchOptions<I, O>): Promise<BatchSummary> {
  const { summary, stopped } = await performBatch(options as BatchOptions);
  if (stopped?.isAbort) throw stopped.reason;
  if (stopped) throw stoppedError(stopped.reason, summary);
  return summary;
}

/** What another part of the library builds a batch of its own kind with. */
export interface BatchHooks {
  /** How lines are read and written. @default JSON Lines with `output` */
  readonly format?: LineFormat | undefined;
  /** What is counted, in the plural. @default "items" */
  readonly unit?: string | undefined;
  /** Told the bar where there is one; what it returns is called before the bar ends. */
  readonly onBar?: ((bar: ProgressBar) => () => void) | undefined;
}

/** As `runBatch`, but a run that ended before its time tells so instead of throwing. */
export async function performBatch(options: BatchOptions, hooks: BatchHooks = {}): Promise<BatchOutcome> {
  const { format = JSON_LINES, unit = "items", onBar } = hooks;
  const resolved = resolveBatch(options);
  const startedAt = performance.now();
  const inputPath = await plainFile("read", resolved.input);
  const outputPath = await plainFile("write", resolved.output);
  // Beside a device there is no place for a file.
  const batch = outputPath === undefined ? { ...resolved, failures: options.failures || undefined } : resolved;
  const events: AppenderEvents = { onRoom: () => {}, onFailure: () => {} };
  const { source, identity } = await openInput(batch, inputPath, outputPath !== undefined);
  let sink: ClosableSink | undefined;
  let bar: ProgressBar | undefined;
  try {
    sink = await openSink(batch, outputPath, inputPath, identity, events);
    bar = openProgress(batch.progress, { unit, initial: sink.done.count });
  } catch (error) {
    await source.close();
    await sink?.close(false);
    throw error;
  }
  const onEnd = bar && ((outcome: "success" | "failure") => bar.advance(1, outcome));
  const engine = new Engine({ ...batch, format, onEnd }, source, sink);
  const endBar = bar && onBar?.(bar);
  events.onRoom = () => engine.pump();
  events.onFailure = (error) => engine.failWriting(error);
  const counting = new AbortController();
  if (bar && inputPath !== undefined) void showTotal(bar, inputPath, counting.signal);
  const result = await engine.run();
  counting.abort();
  const closed = await closeAll(source, sink, result);
  const stopped = result.stopped ?? (closed && { isAbort: false, reason: closed.error });
  const summary: BatchSummary = {
    // What could not be written is to be done again.
    done: sink.written,
    failed: result.failed,
    skipped: result.skipped,
    invalid: result.invalid,
    elapsed: performance.now() - startedAt,
    failures: result.failed > 0 ? batch.failures : undefined,
  };
  const isComplete = !stopped && result.failed === 0;
  endBar?.();
  if (isComplete) bar?.succeed();
  else if (stopped?.isAbort) bar?.stop();
  else bar?.fail();
  return { summary, stopped, firstFailure: result.firstFailure };
}

/** Tells the bar how many items there are, as soon as that is known. */
async function showTotal(bar: ProgressBar, input: string, signal: AbortSignal): Promise<void> {
  const lines = await countLines(input, signal);
  if (lines !== undefined) bar.total = lines;
}

interface ClosableSink extends LineSink {
  readonly written: number;
  close(merge: boolean): Promise<void>;
}

/** The path of a regular file, or of one that does not exist yet; `undefined` for pipes, devices and streams. */
async function plainFile(action: "read" | "write", place: BatchInput | Writable): Promise<string | undefined> {
  if (typeof place !== "string") return undefined;
  try {
    const found = await stat(place);
    if (found.isDirectory()) throw Object.assign(new Error("EISDIR"), { code: "EISDIR", syscall: "open" });
    return found.isFile() ? place : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && action === "write") return place;
    throw fileError(action, place, error);
  }
}

async function openInput(
  { input, signal }: ResolvedBatch,
  path: string | undefined,
  mustIdentify: boolean,
): Promise<{ source: ByteSource; identity: InputIdentity | undefined }> {
  if (path !== undefined) {
    try {
      const identity = await identifyFile(path);
      return { source: await openSource(path), identity };
    } catch (error) {
      throw fileError("read", path, error);
    }
  }
  const stream = await openSource(typeof input === "string" ? createReadStream(input) : input);
  if (!mustIdentify) return { source: stream, identity: undefined };
  try {
    const { source, line } = await peekFirstLine(stream, signal);
    return { source, identity: identifyStream(line) };
  } catch (error) {
    await stream.close();
    throw isSystemError(error) ? fileError("read", typeof input === "string" ? input : "the input", error) : error;
  }
}

async function openSink(
  batch: ResolvedBatch,
  outputPath: string | undefined,
  inputPath: string | undefined,
  identity: InputIdentity | undefined,
  events: AppenderEvents,
): Promise<ClosableSink> {
  if (outputPath === undefined) {
    if (batch.resume)
      throw new TypeError("Cannot set 'resume' as the output is no file: what was written cannot be read");
    return await openStream(batch, events);
  }
  const { failures, resume, overwrite, force, window, settings } = batch;
  const { fd } = batch.input as { fd?: unknown };
  const inputDescriptor = typeof fd === "number" ? fd : undefined;
  try {
    return await Journal.open(
      { output: outputPath, failures, input: inputPath, inputDescriptor, resume, overwrite, force },
      { ordered: window !== undefined, settings, input: identity! },
      events,
    );
  } catch (error) {
    throw isSystemError(error) ? fileError("write", outputPath, error) : error;
  }
}

/** How long a stream may take for the last lines of a run that was stopped, in ms. */
const TAKEN_WITHIN = 2000;

/** A pipe, a device or a stream: what was written to it cannot be read again. */
async function openStream(
  { output, failures, overwrite }: ResolvedBatch,
  events: AppenderEvents,
): Promise<ClosableSink> {
  if (failures !== undefined) {
    if (!overwrite) await assertFailures(failures);
    await discardFailures(failures);
  }
  const own = typeof output === "string" ? createWriteStream(output) : undefined;
  const target = new StreamTarget(own ?? (output as Writable), typeof output === "string" ? output : "the output");
  const lines = new Appender(target, events);
  const failed = failures === undefined ? undefined : new Appender(new FileTarget(failures, 0), events);
  return {
    done: new DoneSet(),
    get written() {
      return lines.written;
    },
    get isFull() {
      return lines.isFull || failed?.isFull === true;
    },
    append: (_index, line) => lines.append(line),
    appendFailure: (line) => failed?.append(line),
    close: async (isComplete) => {
      // A run that was stopped must end, also when a reader that stalls does not take its last lines.
      const limit = isComplete ? undefined : setTimeout(() => target.giveUp(), TAKEN_WITHIN);
      const closed = await Promise.allSettled([lines.close(), failed?.close()]);
      clearTimeout(limit);
      own?.end();
      for (const outcome of closed) if (outcome.status === "rejected") throw outcome.reason;
    },
  };
}

async function closeAll(
  source: ByteSource,
  sink: ClosableSink,
  { stopped }: EngineResult,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    await source.close();
    await sink.close(stopped === undefined);
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** The error of a batch that ended before its time. */
export function stoppedError(reason: unknown, summary: BatchSummary): BatchStoppedError {
  const { done, failed } = summary;
  const why = reason instanceof Error ? reason.message : String(reason);
  return new BatchStoppedError(
    `Cannot finish the batch, of which ${done} items are done and ${failed} failed, as it was stopped: ${why}`,
    summary,
    { cause: reason },
  );
}
