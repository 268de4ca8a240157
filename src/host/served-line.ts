/**
 * The worker's end of a direct line (`wire/direct-line.ts`).
 *
 * Owns the channel, and knows the call that came by it. The call is the `CallServer`'s, as any other.
 */
import type { RingChannel } from "../wire/ring/ring-channel.js";
import { Vigil } from "../wire/vigil.js";

const NOTHING: readonly object[] = [];

export class ServedLine {
  readonly #channel: RingChannel;
  readonly #vigil: Vigil;
  #call: number | undefined;

  /**
   * @param look - how long it looks for the next call within one turn of the event loop, in ms
   * @param begin - given a call as it came, an entry
   */
  constructor(channel: RingChannel, look: number, begin: (entry: unknown[]) => void) {
    const vigil = new Vigil(channel, look, true);
    channel.onMessage = (entry) => {
      vigil.arrived();
      this.#call = entry[1] as number;
      begin(entry);
    };
    this.#channel = channel;
    this.#vigil = vigil;
    // The first call may be there already.
    channel.rest();
  }

  /** Whether the call came by this line, and is not answered. */
  has(id: number): boolean {
    return this.#call === id;
  }

  /**
   * Answers the call, at once: its caller does nothing else than wait for that. Stays awake for the next.
   * @throws what the serializer throws; then it is not answered
   */
  answer(entry: readonly unknown[], transfer: readonly object[] = NOTHING): void {
    const channel = this.#channel;
    const vigil = this.#vigil;
    channel.put(entry, transfer);
    this.#call = undefined;
    channel.flush();
    vigil.expect(channel.allowance / 1000);
    channel.tell(vigil.hits, vigil.misses);
  }
}
