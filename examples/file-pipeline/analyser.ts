import { isAscii, isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { worker } from "manyhands";
import { Frequent } from "./frequent.js";
import { NotTextError } from "./not-text-error.js";
import type { FileContent } from "./reader.js";

/** What is recorded of a file. */
export interface FileRecord {
  readonly path: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
  /** A last line without an end counts too. */
  readonly lines: number;
  /** Runs of anything but white space. */
  readonly words: number;
  /** Names as JavaScript knows them, keywords included, wherever they stand. */
  readonly identifiers: number;
}

/** The names one worker met, with how often. */
export interface NameCounts {
  readonly counts: ReadonlyMap<string, number>;
  /** By how much each count may be too low. */
  readonly dropped: number;
}

const WORD = /\S+/g;
/** Names and numbers. */
const TOKEN = /[\p{ID_Continue}$]+/gu;
/** The same in a text of ASCII characters, three times as fast. */
const ASCII_TOKEN = /[\w$]+/g;
const NAME_START = /^[\p{ID_Start}$_]/u;

/** Different names a worker keeps count of. */
const NAMES_KEPT = 250_000;
/** Shorter names say little; longer ones are hashes and data. */
const RANKED_LENGTHS = { least: 3, most: 40 };

/** The second stage, the one that computes. What it learns of names stays in the worker until it is asked for it. */
export class Analyser {
  readonly #names = new Frequent(NAMES_KEPT);

  analyse({ path, content }: FileContent): FileRecord {
    if (!isUtf8(content)) throw new NotTextError(path);
    const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString();
    return {
      path,
      bytes: content.byteLength,
      sha256: createHash("sha256").update(content).digest("hex"),
      lines: countLines(text),
      words: countWords(text),
      identifiers: this.#countNames(text, isAscii(content) ? ASCII_TOKEN : TOKEN),
    };
  }

  names(): NameCounts {
    return { counts: this.#names.counts(), dropped: this.#names.dropped };
  }

  #countNames(text: string, pattern: RegExp): number {
    let count = 0;
    for (const [token] of text.matchAll(pattern)) {
      if (!NAME_START.test(token)) continue;
      count += 1;
      if (token.length >= RANKED_LENGTHS.least && token.length <= RANKED_LENGTHS.most) this.#names.add(token);
    }
    return count;
  }
}

function countLines(text: string): number {
  let count = text === "" || text.endsWith("\n") ? 0 : 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

function countWords(text: string): number {
  let count = 0;
  WORD.lastIndex = 0;
  while (WORD.test(text)) count += 1;
  return count;
}

export const AnalyserWorker = worker(import.meta, Analyser, { errors: [NotTextError] });
