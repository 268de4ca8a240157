/**
 * The memory that two threads share to talk: a ring of bytes for each direction, and the words by which each side knows how
 * far the other is.
 *
 * M1. Positions count bytes since the start, modulo 2³², and only grow; a place in the ring is a position modulo its size.
 * M2. Each word has one writer, but for the two flags: `asleep`, raised by the reader and lowered by whoever wakes it, and
 *     `isWaitedFor`, raised by the writer and lowered by the reader.
 */

/** Bytes of one direction; a power of two. What is not used takes no memory. */
export const RING_BYTES = 1_048_576;

/**
 * Words of different threads lie this far apart, so that no two share a line of the cache. A flag, which seldom changes, lies
 * beside the word whose writer looks at it each time: a line that another core has written costs more than what is done with
 * it.
 */
const LINE_WORDS = 16;
const LINES_PER_DIRECTION = 2;
const CONTROL_WORDS = LINE_WORDS * (2 * LINES_PER_DIRECTION + 2);
const CONTROL_BYTES = CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT;

/** Which of the two sides one is. */
export type Side = "caller" | "host";

/** Memory for one worker. Untouched parts of it cost nothing. */
export function allocateRings(): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_BYTES + 2 * RING_BYTES);
}

/** One direction. */
export interface Ring {
  /** The words of both directions. */
  readonly words: Int32Array;
  /** Where the headers of frames are written and read. */
  readonly headers: Int32Array;
  readonly bytes: Buffer;
  /** Indexes into `words`. Up to here frames are complete: the writer's. */
  readonly head: number;
  /** Up to here they were taken: the reader's. */
  readonly tail: number;
  /** Whether the reader must be woken when there is something. */
  readonly asleep: number;
  /** Whether the writer must be woken when there is room. */
  readonly isWaitedFor: number;
}

/** What the caller allows its host, and what that made of it: words in the memory of both. */
export interface SpinWords {
  readonly words: Int32Array;
  /** For how many µs the host may stay awake: the caller's. */
  readonly allowance: number;
  /** How often that was worth it, and how often not: the host's. */
  readonly hits: number;
  readonly misses: number;
}

/** The two directions as one side sees them. */
export interface Rings {
  readonly outgoing: Ring;
  readonly incoming: Ring;
  readonly spin: SpinWords;
}

export function openRings(memory: SharedArrayBuffer, side: Side): Rings {
  const words = new Int32Array(memory, 0, CONTROL_WORDS);
  const direction = (index: number): Ring => {
    const start = CONTROL_BYTES + index * RING_BYTES;
    const word = index * LINES_PER_DIRECTION * LINE_WORDS;
    return {
      words,
      headers: new Int32Array(memory, start, RING_BYTES / Int32Array.BYTES_PER_ELEMENT),
      bytes: Buffer.from(memory, start, RING_BYTES),
      head: word,
      tail: word + LINE_WORDS,
      asleep: word + 1,
      isWaitedFor: word + LINE_WORDS + 1,
    };
  };
  const toHost = direction(0);
  const toCaller = direction(1);
  const spinWord = 2 * LINES_PER_DIRECTION * LINE_WORDS;
  const spin = { words, allowance: spinWord, hits: spinWord + LINE_WORDS, misses: spinWord + LINE_WORDS + 1 };
  return side === "caller"
    ? { outgoing: toHost, incoming: toCaller, spin }
    : { outgoing: toCaller, incoming: toHost, spin };
}

/** Headers of frames are the number of bytes that follow, or one of these. */
export const FrameKind = {
  /** The next frame is at the start of the ring. */
  wrap: -1,
  /** The next entry arrives, or has arrived, as a message of the port. */
  byPort: -2,
} as const;

export const HEADER_BYTES = 4;

/** Frames begin at multiples of the header's size. */
export function aligned(bytes: number): number {
  return (bytes + HEADER_BYTES - 1) & -HEADER_BYTES;
}
