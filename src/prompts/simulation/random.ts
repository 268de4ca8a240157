/** Chance that can be had again: what is drawn depends on a seed and on what it is drawn for, and on nothing else. */

/** A number of 32 bits for a text: FNV-1a (Fowler, Noll and Vo). */
export function hashText(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** A fraction from 0 up to 1: the finalizer of MurmurHash3 over both numbers. */
export function draw(hash: number, salt: number): number {
  let mixed = hash ^ Math.imul(salt + 1, 0x85ebca77);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
