/**
 * Reads the entries that the other side published.
 *
 * Owns the incoming ring's `tail`.
 */
import { ValueReader } from "../codec/value-reader.js";
import { aligned, FrameKind, HEADER_BYTES, type Ring, RING_BYTES } from "./ring-memory.js";

const MASK = RING_BYTES - 1;

export class RingReader {
  readonly #ring: Ring;
  readonly #reader = new ValueReader();
  #position = 0;

  constructor(ring: Ring) {
    this.#ring = ring;
    this.#reader.bytes = ring.bytes;
  }

  /** Whether there is something to read. */
  get hasMore(): boolean {
    const { words, head } = this.#ring;
    return Atomics.load(words, head) !== this.#position;
  }

  /**
   * Reads what there is, up to an entry that comes by the port.
   * @returns `true` when one does: it is next
   * @throws for what cannot be read
   */
  readTo(values: unknown[]): boolean {
    const { words, head, headers } = this.#ring;
    const end = Atomics.load(words, head);
    while (this.#position !== end) {
      const place = this.#position & MASK;
      const length = headers[place / HEADER_BYTES]!;
      if (length === FrameKind.wrap) {
        this.#position = (this.#position + RING_BYTES - place) | 0;
        continue;
      }
      if (length === FrameKind.byPort) {
        this.#position = (this.#position + HEADER_BYTES) | 0;
        return true;
      }
      const from = place + HEADER_BYTES;
      this.#reader.at = from;
      this.#reader.readTo(from + length, values);
      this.#position = (this.#position + aligned(HEADER_BYTES + length)) | 0;
    }
    return false;
  }

  /** Gives back the room of what was read. Returns whether the writer waits for that and must be woken. */
  release(): boolean {
    const { words, tail, isWaitedFor } = this.#ring;
    if (words[tail] === this.#position) return false;
    Atomics.store(words, tail, this.#position);
    return Atomics.load(words, isWaitedFor) === 1 && Atomics.exchange(words, isWaitedFor, 0) === 1;
  }

  /** Says whether this side must be woken. Returns whether it need not sleep, as something has arrived meanwhile. */
  sleep(): boolean {
    const { words, asleep } = this.#ring;
    Atomics.store(words, asleep, 1);
    if (!this.hasMore) return false;
    Atomics.store(words, asleep, 0);
    return true;
  }

  stayAwake(): void {
    const { words, asleep } = this.#ring;
    if (words[asleep] !== 0) Atomics.store(words, asleep, 0);
  }
}
