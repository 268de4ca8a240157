/** The work every peer does: the same functions, wrapped by each peer's own worker module. */

/** A small object, as calls often carry. */
export interface Item {
  readonly id: number;
  readonly name: string;
  readonly tags: readonly string[];
  readonly n: number;
}

export function createItem(id: number): Item {
  return { id, name: "hello world", tags: ["a", "b", "c"], n: id / 4 };
}

export function noop(value: number): number {
  return value;
}

export function echo<T>(value: T): T {
  return value;
}

const ROUNDS_PER_BLOCK = 1000;

/**
 * Keeps a core busy for a fixed amount of work, not for a time: a worker that is held up does not do less.
 *
 * Made of many short calls, as code optimized while one long loop runs is thrown away at the loop's end, and whether a
 * worker then gets it back depends on how its pool waits for messages.
 */
export function cpu(blocks: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let block = 0; block < blocks; block += 1) hash = mix(hash);
  return hash;
}

function mix(seed: number): number {
  let hash = seed;
  for (let index = 0; index < ROUNDS_PER_BLOCK; index += 1) hash = Math.imul(hash ^ (index & 0xff), 0x01000193);
  return hash;
}

export function size(bytes: Uint8Array): number {
  return bytes.byteLength;
}

/** Leaves a mark where the caller can see whether its memory was shared. */
export function count(bytes: Uint8Array): number {
  bytes[0]! += 1;
  return bytes[0]!;
}
