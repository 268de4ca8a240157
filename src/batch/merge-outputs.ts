/**
 * Brings lines that came late to their places in an ordered output.
 *
 * M1. The merged file takes the place of the output in one step; until then both files are as they were, and afterwards
 *     lines of the late file that are in the output already are left out. So it can be begun again after any interruption.
 * M2. What takes its place has its rights, and its owner where that may be given; a link to the output stays one.
 */
import { type FileHandle, open, realpath, rename, rm } from "node:fs/promises";
import { fileError, isSystemError } from "./file-error.js";
import { refusal } from "./refuse.js";
import { scanOutput } from "./output-scanner.js";

const CHUNK = 1024 * 1024;

/** Where lines are kept that an ordered output has no more room for, until it is merged with them. */
export function latePath(output: string): string {
  return `${output}.late`;
}

/** Merges an output with its late lines, both in ascending order, and removes the late file. */
export async function mergeOutputs(output: string): Promise<void> {
  const late = latePath(output);
  // The file itself, where the output is a link to it: what takes its place must not take that of the link.
  const place = await realpath(output);
  const draft = `${place}.merging`;
  const files: FileHandle[] = [];
  try {
    // What a merge that was killed has left may have other rights.
    await rm(draft, { force: true });
    const source = await openInto(files, output, "r");
    const rights = await source.stat();
    const target = await openInto(files, draft, "wx", rights.mode & 0o777);
    const lateSource = await openInto(files, late, "r");
    const lateLines = eachLine(late);
    const mainLines = eachLine(output);
    const copy = copier(target);
    let copied = 0;
    let end = 0;
    let waiting = await lateLines.next();
    for await (const { index, start, end: lineEnd } of mainLines) {
      while (!waiting.done && waiting.value.index <= index) {
        if (waiting.value.index < index) {
          await copy(source, copied, start);
          copied = start;
          await copy(lateSource, waiting.value.start, waiting.value.end);
        }
        waiting = await lateLines.next();
      }
      end = lineEnd;
    }
    await copy(source, copied, end);
    for (; !waiting.done; waiting = await lateLines.next()) {
      await copy(lateSource, waiting.value.start, waiting.value.end);
    }
    // Its owner may be given by few; then it is whoever merges, who may write it in any case.
    await target.chown(rights.uid, rights.gid).catch(() => {});
    // After that, and whatever was masked above.
    await target.chmod(rights.mode & 0o7777).catch(() => {});
    await target.datasync();
    await closeAll(files);
    await rename(draft, place);
    await rm(late, { force: true });
  } catch (error) {
    await closeAll(files);
    await rm(draft, { force: true }).catch(() => {});
    throw isSystemError(error) ? fileError("write", output, error) : error;
  }
}

interface Line {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

async function* eachLine(path: string): AsyncGenerator<Line, void, undefined> {
  let last = -1;
  for await (const { count, indices, starts, end } of scanOutput(path)) {
    for (let line = 0; line < count; line += 1) {
      const index = indices[line]!;
      if (index <= last) throw refusal("order", `Cannot put ${path} in order as it is in none`);
      last = index;
      yield { index, start: starts[line]!, end: line + 1 < count ? starts[line + 1]! : end };
    }
  }
}

async function openInto(files: FileHandle[], path: string, flags: string, mode?: number): Promise<FileHandle> {
  const file = await open(path, flags, mode);
  files.push(file);
  return file;
}

async function closeAll(files: FileHandle[]): Promise<void> {
  for (const file of files.splice(0)) await file.close();
}

/** Copies ranges of bytes to the end of a file. */
function copier(target: FileHandle): (source: FileHandle, from: number, to: number) => Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  return async (source, from, to) => {
    for (let position = from; position < to;) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK, to - position), position);
      if (bytesRead === 0) throw new Error("Cannot merge the output as it has become shorter meanwhile");
      for (let written = 0; written < bytesRead;) {
        written += (await target.write(buffer, written, bytesRead - written)).bytesWritten;
      }
      position += bytesRead;
    }
  };
}
