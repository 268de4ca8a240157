/**
 * Answers in a file, for runs to come.
 *
 * Owns the file, and where in it each answer stands. Does not own what makes two requests the same: keys say that.
 *
 * K1. Lines are only ever appended, whole and in one write, so several runs may share the file. A line that was torn by a
 *     crash is passed over, and the next one begins on a line of its own.
 * K2. Memory holds a key and a place for each answer, and no answer but those that are not written yet.
 * K3. After the file was opened, what cannot be read is as if it were not there, and what cannot be written warns once: a
 *     cache is no reason for a run to fail.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { fileError } from "../../batch/file-error.js";
import { show } from "../../config/show.js";
import type { ModelAnswer } from "../provider.js";

const NEWLINE = 10;
const CHUNK = 262_144;
const START = '{"key":"';
/** Characters of a hash; with 128 bits no two are the same. */
const KEY = 22;
const HEAD = START.length + KEY;

/** Where a line stands, in bytes. */
interface Place {
  readonly start: number;
  readonly length: number;
}

/** Answers in a file, by what was asked. */
export interface FileCache extends AsyncDisposable {
  get(key: string): Promise<ModelAnswer | undefined>;
  set(key: string, answer: ModelAnswer): void;
  /** Writes what is not written yet, and lets the file go. */
  close(): Promise<void>;
}

/**
 * Keeps answers in a file of JSON Lines, so that no later run pays for them again; also several runs at a time. It only
 * grows: delete it to begin anew. Answers stand in it as text; no key of an account does.
 *
 * @throws {TypeError} when the path is none, or the file cannot be opened
 * @example
 * await using cache = await fileCache("answers.cache.jsonl");
 * await using client = new ModelClient(provider, { cache });
 */
export async function fileCache(path: string): Promise<FileCache> {
  if (typeof path !== "string" || path === "") {
    throw new TypeError(`Cannot set 'cache' as it must be a path: current value is ${show(path)}`);
  }
  try {
    const { O_RDWR, O_CREAT, O_APPEND } = constants;
    const cache = new AnswersFile(path, await open(path, O_RDWR | O_CREAT | O_APPEND, 0o600));
    await cache.load();
    return cache;
  } catch (error) {
    throw fileError("write", path, error);
  }
}

class AnswersFile implements FileCache {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #places = new Map<string, Place>();
  /** Lines that are not written yet, by key. */
  #waiting = new Map<string, string>();
  /** Lines of the write that is under way. */
  #leaving = new Map<string, string>();
  #writing: Promise<void> | undefined;
  /** Up to where the file has been read: the end of a whole line. */
  #known = 0;
  #looking: Promise<void> | undefined;
  #isTorn = false;
  #hasFailed = false;
  #isClosed = false;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  async load(): Promise<void> {
    await this.#look();
    this.#isTorn = (await this.#file.stat()).size > this.#known;
  }

  async get(key: string): Promise<ModelAnswer | undefined> {
    const hash = hashOf(key);
    const own = this.#waiting.get(hash) ?? this.#leaving.get(hash);
    if (own !== undefined) return answerIn(own, hash);
    if (this.#isClosed) return undefined;
    try {
      // What other runs have written meanwhile, too.
      if (!this.#places.has(hash)) await (this.#looking ??= this.#look());
      const place = this.#places.get(hash);
      if (!place) return undefined;
      const buffer = Buffer.allocUnsafe(place.length);
      const { bytesRead } = await this.#file.read(buffer, 0, place.length, place.start);
      const answer = answerIn(buffer.toString("utf8", 0, bytesRead), hash);
      if (!answer) this.#places.delete(hash);
      return answer;
    } catch {
      return undefined;
    }
  }

  set(key: string, answer: ModelAnswer): void {
    const hash = hashOf(key);
    if (this.#isClosed || this.#hasFailed || this.#places.has(hash)) return;
    this.#waiting.set(hash, `${START}${hash}","answer":${JSON.stringify(answer)}}\n`);
    this.#writing ??= this.#write();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#writing;
    await this.#looking;
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #write(): Promise<void> {
    // Those of one turn go together.
    await new Promise(setImmediate);
    while (this.#waiting.size > 0 && !this.#hasFailed) {
      [this.#leaving, this.#waiting] = [this.#waiting, new Map()];
      const lines = Buffer.from((this.#isTorn ? "\n" : "") + [...this.#leaving.values()].join(""));
      try {
        const { bytesWritten } = await this.#file.write(lines);
        if (bytesWritten < lines.length) throw new Error("the disk is full");
        this.#isTorn = false;
        // They are found where they stand before they are let go. One that has begun may have looked too early.
        await this.#looking;
        await (this.#looking ??= this.#look());
      } catch (error) {
        this.#fail(error);
      }
      this.#leaving.clear();
    }
    this.#writing = undefined;
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#waiting.clear();
    const { message } = fileError("write", this.#path, error);
    process.emitWarning(`${message}: answers are no longer kept in the cache`);
  }

  /** Reads lines that have come since the last time. */
  async #look(): Promise<void> {
    try {
      const { size } = await this.#file.stat();
      if (size < this.#known) {
        // Somebody has emptied it.
        this.#places.clear();
        this.#known = 0;
      }
      let rest: Buffer = Buffer.alloc(0);
      while (this.#known + rest.length < size) {
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size - this.#known - rest.length));
        const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, this.#known + rest.length);
        if (bytesRead === 0) break;
        rest = this.#index(Buffer.concat([rest, chunk.subarray(0, bytesRead)]));
      }
    } finally {
      this.#looking = undefined;
    }
  }

  /** Notes the whole lines of a chunk; returns what is left of it. */
  #index(bytes: Buffer): Buffer {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const head = bytes.toString("latin1", start, Math.min(end, start + HEAD + 1));
      if (head.length === HEAD + 1 && head.startsWith(START) && head.endsWith('"')) {
        this.#places.set(head.slice(START.length, HEAD), { start: this.#known + start, length: end - start });
      }
      start = end + 1;
    }
    this.#known += start;
    return bytes.subarray(start);
  }
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url").slice(0, KEY);
}

/** `undefined` for a line that is torn, or of another key. */
function answerIn(line: string, hash: string): ModelAnswer | undefined {
  try {
    const { key, answer } = JSON.parse(line) as { key: string; answer: ModelAnswer };
    if (key !== hash || typeof answer.text !== "string") return undefined;
    const { usage, finishReason, model, body } = answer;
    return { ...answer, usage, finishReason, model, body };
  } catch {
    return undefined;
  }
}
