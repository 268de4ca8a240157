/**
 * Writes entries into one direction of the shared memory.
 *
 * Owns the outgoing ring's `head`, and the entries for which there was no room yet: those are encoded already, as frames of
 * their own, and follow as the reader makes room.
 *
 * A frame is a header and the values of one or more entries. It lies in one piece; what does not fit before the end of the
 * ring goes to its start.
 *
 * G1. Entries are read in the order they were put, those that go by the port included: a frame of no bytes stands for each.
 * G2. Nothing is readable before `publish`, and everything after it for which there was room.
 * G3. What an entry holds is as it was when it was put.
 */
import { ValueWriter, Written } from "../codec/value-writer.js";
import { aligned, FrameKind, HEADER_BYTES, type Ring, RING_BYTES } from "./ring-memory.js";

const MASK = RING_BYTES - 1;
/** A larger entry goes by the port. */
export const LARGEST_ENTRY = 65_536;
const OVERFLOW_BYTES = LARGEST_ENTRY;
/** When the ring is empty and the next place is behind this, it is begun anew: memory that was used before is the cheapest. */
const FAR = RING_BYTES / 16;

/** A frame that found no room: bytes of values, or none where the entry went by the port. */
interface Overflow {
  readonly bytes: Buffer | undefined;
  length: number;
}

export class RingWriter {
  readonly #ring: Ring;
  readonly #writer = new ValueWriter();
  /** Where the next frame begins, or the open one did. */
  #position: number;
  /** The bytes of the open frame, header included; 0 when none is open. */
  #open = 0;
  #overflow: Overflow[] = [];
  /** An overflow buffer to use again. */
  #spare: Buffer | undefined;
  /** Changes with each change: a getter among the values may put entries, or publish them, itself. */
  #version = 0;

  constructor(ring: Ring) {
    this.#ring = ring;
    this.#position = Atomics.load(ring.words, ring.head);
  }

  /** How many bytes the entry took that was put last. */
  lastBytes = 0;

  /** Whether entries wait for room. */
  get isFull(): boolean {
    return this.#overflow.length > 0;
  }

  /** Whether the reader has taken everything. */
  get isAllTaken(): boolean {
    const { words, tail } = this.#ring;
    return Atomics.load(words, tail) === this.#position;
  }

  /** Whether the reader sleeps. */
  get mustWake(): boolean {
    const { words, asleep } = this.#ring;
    return words[asleep] === 1;
  }

  /** Writes an entry; `false` when it must go by the port, and then `standIn` must be called before the next one is put. */
  put(entry: readonly unknown[]): boolean {
    this.#version += 1;
    return this.isFull ? this.#putAside(entry) : this.#putIntoRing(entry);
  }

  /** Keeps the place of an entry that goes by the port. */
  standIn(): void {
    this.#version += 1;
    if (!this.isFull) {
      this.#close();
      if (this.#reserve(HEADER_BYTES) >= 0) {
        this.#ring.headers[(this.#position & MASK) / HEADER_BYTES] = FrameKind.byPort;
        this.#position = (this.#position + HEADER_BYTES) | 0;
        return;
      }
    }
    this.#overflow.push({ bytes: undefined, length: 0 });
  }

  /** Lets the other side read what was put. Returns whether it must be woken for that. */
  publish(): boolean {
    this.#version += 1;
    this.#close();
    if (this.isFull) this.#makeUseOfRoom();
    const { words, head } = this.#ring;
    if (words[head] === this.#position) return false;
    Atomics.store(words, head, this.#position);
    return this.wake();
  }

  /** Undertakes to wake the reader, if it sleeps; returns whether it does. */
  wake(): boolean {
    const { words, asleep } = this.#ring;
    return Atomics.load(words, asleep) === 1 && Atomics.exchange(words, asleep, 0) === 1;
  }

  #putIntoRing(entry: readonly unknown[]): boolean {
    for (;;) {
      const isNew = this.#open === 0;
      if (isNew && this.#reserve(2 * HEADER_BYTES) < 0) return this.#putAside(entry);
      const start = this.#position & MASK;
      const at = start + (isNew ? HEADER_BYTES : this.#open);
      const end = start + this.#contiguous();
      const written = this.#write(entry, this.#ring.bytes, at, Math.min(end, at + LARGEST_ENTRY));
      if (written === Written.yes) {
        this.#open = this.#writer.at - start;
        this.lastBytes = this.#writer.at - at;
        return true;
      }
      if (written === Written.foreign || at + LARGEST_ENTRY <= end) return false;
      this.#close();
      // The end of the ring may be what is in the way.
      if (end < RING_BYTES || !this.#wrap()) return this.#putAside(entry);
    }
  }

  /** Encodes an entry for which there is no room now. */
  #putAside(entry: readonly unknown[]): boolean {
    const last = this.#overflow.at(-1);
    if (last?.bytes && this.#append(last, last.bytes, entry)) return true;
    const bytes = this.#spare ?? Buffer.allocUnsafeSlow(OVERFLOW_BYTES);
    const fresh = { bytes, length: 0 };
    if (!this.#append(fresh, bytes, entry)) {
      this.#spare = bytes;
      return false;
    }
    this.#spare = undefined;
    this.#overflow.push(fresh);
    return true;
  }

  #append(frame: Overflow, bytes: Buffer, entry: readonly unknown[]): boolean {
    if (this.#write(entry, bytes, frame.length, OVERFLOW_BYTES - HEADER_BYTES) !== Written.yes) return false;
    this.lastBytes = this.#writer.at - frame.length;
    frame.length = this.#writer.at;
    return true;
  }

  #write(entry: readonly unknown[], bytes: Buffer, at: number, end: number): (typeof Written)[keyof typeof Written] {
    const writer = this.#writer;
    const version = this.#version;
    const mark = writer.mark();
    writer.bytes = bytes;
    writer.at = at;
    writer.end = end;
    const written = writer.write(entry, 0, entry.length);
    if (this.#version === version) return written;
    // What a getter put has come first, and may have gone over this.
    if (written === Written.yes) writer.rollBack(at, mark);
    return Written.foreign;
  }

  /** Moves what waits into the ring, as far as there is room; for the rest, sees to being told when there is more. */
  #makeUseOfRoom(): void {
    this.#moveOverflow();
    if (!this.isFull) return;
    const { words, isWaitedFor } = this.#ring;
    Atomics.store(words, isWaitedFor, 1);
    // The reader may have made room just before it could see that.
    this.#moveOverflow();
  }

  #moveOverflow(): void {
    let moved = 0;
    for (const { bytes, length } of this.#overflow) {
      if (this.#reserve(HEADER_BYTES + length) < 0) break;
      const start = this.#position & MASK;
      this.#ring.headers[start / HEADER_BYTES] = bytes ? length : FrameKind.byPort;
      if (bytes) {
        this.#ring.bytes.set(bytes.subarray(0, length), start + HEADER_BYTES);
        this.#spare = bytes;
      }
      this.#position = (this.#position + aligned(HEADER_BYTES + length)) | 0;
      moved += 1;
    }
    this.#overflow.splice(0, moved);
  }

  /** Ends the open frame. */
  #close(): void {
    if (this.#open === 0) return;
    this.#ring.headers[(this.#position & MASK) / HEADER_BYTES] = this.#open - HEADER_BYTES;
    this.#position = (this.#position + aligned(this.#open)) | 0;
    this.#open = 0;
  }

  /** How many bytes there are for the next frame, at least so many; -1 when there is no room for them. */
  #reserve(bytes: number): number {
    const { words, tail } = this.#ring;
    const place = this.#position & MASK;
    if (place >= FAR && Atomics.load(words, tail) === this.#position) this.#wrap();
    if (this.#contiguous() < bytes && !(this.#reachesEnd() && this.#wrap())) return -1;
    const room = this.#contiguous();
    return room < bytes ? -1 : room;
  }

  /** Bytes from here on that are free and lie in one piece. */
  #contiguous(): number {
    const place = this.#position & MASK;
    return Math.min(this.#free(), RING_BYTES - place);
  }

  #free(): number {
    const { words, tail } = this.#ring;
    return RING_BYTES - ((this.#position - Atomics.load(words, tail)) | 0);
  }

  #reachesEnd(): boolean {
    return this.#free() >= RING_BYTES - (this.#position & MASK);
  }

  /** Goes on at the start of the ring; `false` where that is here, or the reader is in the way. */
  #wrap(): boolean {
    const place = this.#position & MASK;
    if (place === 0 || !this.#reachesEnd()) return false;
    this.#ring.headers[place / HEADER_BYTES] = FrameKind.wrap;
    this.#position = (this.#position + RING_BYTES - place) | 0;
    return true;
  }
}
