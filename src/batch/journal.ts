/**
 * The files of one run: what is done, and where more of it goes.
 *
 * Owns the lock of the output, the output, its late lines, the failures, and the set of the items that are done. Does not
 * own the checkpoint's contents, nor which items are run.
 *
 * J1. Only the holder of the lock changes any of the files, and before it has checked all of them it changes none.
 * J2. An item is done when its line is in the output or among the late lines. Nothing else says so.
 * J3. A run that begins anew removes the old lines before it writes its checkpoint, so that no lines ever stand beside a
 *     checkpoint that is not theirs.
 */
import { open, rm, truncate } from "node:fs/promises";
import { Appender } from "./appender.js";
import { type Checkpoint, compareCheckpoints, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { DoneSet } from "./done-set.js";
import { assertFailures, discardFailures, hasBytes, isSpecial } from "./failures-file.js";
import { identify, realPath } from "./file-identity.js";
import { type FileLock, isHeld, lockFile } from "./file-lock.js";
import { FileTarget } from "./line-target.js";
import { latePath, mergeOutputs } from "./merge-outputs.js";
import { scanOutput } from "./output-scanner.js";
import { refusal } from "./refuse.js";

/** How a run treats the files that are there. */
export interface JournalOptions {
  readonly output: string;
  readonly failures: string | undefined;
  /** The path of the file that is read, which must be none of those that are written. */
  readonly input: string | undefined;
  /** The descriptor of what is read, where it has one and no path. */
  readonly inputDescriptor?: number | undefined;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly force: boolean;
}

/** What a journal tells its owner. */
export interface JournalEvents {
  onRoom(): void;
  onFailure(error: unknown): void;
}

interface Found {
  readonly done: DoneSet;
  /** Bytes of whole lines. */
  readonly bytes: number;
  readonly last: number;
  readonly isAscending: boolean;
}

/** Writes lines of items that are done, and of those that failed. */
export class Journal {
  readonly done: DoneSet;
  /** The highest index in the output when the run began, or -1. */
  readonly #last: number;
  readonly #ordered: boolean;
  readonly #output: Appender;
  readonly #late: Appender;
  readonly #failures: Appender | undefined;
  readonly #path: string;
  readonly #locks: readonly FileLock[];
  #hasLate = false;

  private constructor(
    options: JournalOptions,
    ordered: boolean,
    found: Found,
    targets: { output: FileTarget; late: FileTarget },
    locks: readonly FileLock[],
    events: JournalEvents,
  ) {
    this.#path = options.output;
    this.#ordered = ordered;
    this.done = found.done;
    this.#last = found.last;
    this.#locks = locks;
    this.#output = new Appender(targets.output, events);
    this.#late = new Appender(targets.late, events);
    this.#failures = options.failures === undefined ? undefined : failuresAppender(options.failures, events);
  }

  /**
   * Opens the files of a run.
   *
   * @throws {BatchRefusedError} when another run has them, or they are not what they should be; nothing was changed
   */
  static async open(options: JournalOptions, checkpoint: Checkpoint, events: JournalEvents): Promise<Journal> {
    const { output, failures } = options;
    // Several runs may write to one device.
    const isKept = failures !== undefined && !(await isSpecial(failures));
    const paths = isKept ? [output, failures] : [output];
    const real = await Promise.all(paths.map(realPath));
    const read = options.input ?? options.inputDescriptor;
    if (read !== undefined) {
      const input = await identify(read);
      for (const path of paths) {
        if (input !== undefined && (await identify(path)) === input) {
          throw new TypeError(`Cannot write ${path} as it is the input`);
        }
      }
    }
    if (real[0] === real[1]) throw new TypeError(`Cannot write the failures to ${output} as it is the output`);
    const locks: FileLock[] = [];
    try {
      for (const [index, path] of real.entries()) locks.push(await lock(path, paths[index]!));
      const found = await prepare(options, checkpoint);
      const target = new FileTarget(output, found.bytes);
      await target.open();
      return new Journal(
        options,
        checkpoint.ordered,
        found,
        { output: target, late: new FileTarget(latePath(output), 0) },
        locks,
        events,
      );
    } catch (error) {
      release(locks);
      throw error;
    }
  }

  /** Lines of items that this run has written. */
  get written(): number {
    return this.#output.written + this.#late.written;
  }

  /** Whether so much waits to be written that nothing new should be begun. */
  get isFull(): boolean {
    return this.#output.isFull || this.#late.isFull || this.#failures?.isFull === true;
  }

  /** Takes the line of an item that is done. In an ordered run they come in ascending order. */
  append(index: number, line: string): void {
    if (this.#ordered && index < this.#last) {
      this.#hasLate = true;
      this.#late.append(line);
    } else {
      this.#output.append(line);
    }
  }

  appendFailure(line: string): void {
    this.#failures?.append(line);
  }

  /**
   * Writes what waits, and lets the files go.
   * @param merge - whether late lines are brought to their places now, or by the next run
   * @throws what a write failed with
   */
  async close(merge: boolean): Promise<void> {
    try {
      const closed = await Promise.allSettled([this.#output.close(), this.#late.close(), this.#failures?.close()]);
      for (const result of closed) if (result.status === "rejected") throw result.reason;
      if (merge && this.#hasLate) await mergeOutputs(this.#path);
    } finally {
      release(this.#locks);
    }
  }
}

/** Checks what is there, and makes it ready to be appended to. */
async function prepare(options: JournalOptions, checkpoint: Checkpoint): Promise<Found> {
  const { output, failures } = options;
  await assertWritable(output);
  // Late lines come after lines of the output: without those they are what is left of an output that was deleted.
  const isEmpty = !(await hasBytes(output));
  if (failures !== undefined && !options.overwrite) await assertFailures(failures);
  if (!isEmpty && !options.resume && !options.overwrite) {
    throw refusal("exists", `Cannot write ${output} as it exists`);
  }
  if (isEmpty || options.overwrite) {
    // Cut, not removed: it may be a link, and has its owner and its rights.
    if (await hasBytes(output)) await truncate(output);
    await rm(latePath(output), { force: true });
    if (failures !== undefined) await discardFailures(failures);
    await writeCheckpoint(output, checkpoint);
    return { done: new DoneSet(), bytes: 0, last: -1, isAscending: true };
  }
  const before = await readCheckpoint(output);
  if (!options.force) await compareCheckpoints(output, before, checkpoint, options.input);
  if (before && before.ordered !== checkpoint.ordered && !options.force) {
    const how = before.ordered ? "in order, and this run keeps none" : "in any order, and this run keeps one";
    throw refusal("order", `Cannot resume ${output} as it was made ${how}`);
  }
  let found = await scan(output);
  if (checkpoint.ordered && !found.isAscending) {
    throw refusal("order", `Cannot resume ${output} in order as its lines are in none`);
  }
  if (await hasBytes(latePath(output))) {
    // What a run that was killed has left. A torn line of it is left out.
    await mergeOutputs(output);
    found = await scan(output);
  }
  if (failures !== undefined) await discardFailures(failures);
  await writeCheckpoint(output, checkpoint);
  return found;
}

async function scan(output: string): Promise<Found> {
  const done = new DoneSet();
  let bytes = 0;
  let last = -1;
  let isAscending = true;
  for await (const { count, indices, end } of scanOutput(output)) {
    for (let line = 0; line < count; line += 1) {
      const index = indices[line]!;
      done.add(index);
      if (index > last) last = index;
      else isAscending = false;
    }
    bytes = end;
  }
  return { done, bytes, last, isAscending };
}

function failuresAppender(path: string, events: JournalEvents): Appender {
  return new Appender(new FileTarget(path, 0), events);
}

async function lock(path: string, shown: string): Promise<FileLock> {
  const outcome = await lockFile(path);
  if (isHeld(outcome)) return outcome;
  const who = outcome.pid === undefined ? "" : ` (process ${outcome.pid})`;
  throw refusal("locked", `Cannot write ${shown} as another run is writing it${who}`);
}

function release(locks: readonly FileLock[]): void {
  for (const held of locks) held.release();
}

/** Before anything is changed: whether the output may be written, where it exists. */
async function assertWritable(path: string): Promise<void> {
  try {
    await (await open(path, "r+")).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
