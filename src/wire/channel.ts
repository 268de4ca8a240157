/** A two-way, ordered connection between a caller and a host that keeps entries whole: all that a transport must be. */
export interface Channel {
  /**
   * Takes an entry (see `protocol.ts`), its values as they are now: what becomes of their objects later does not matter. It
   * has left when `flush` was called, if not before.
   * @throws what the serializer throws; then the entry was not taken and nothing was transferred.
   */
  put(entry: readonly unknown[], transfer: readonly object[]): void;
  /** Sends what was put. */
  flush(): void;
  /** Called with entries, one behind the other in one array, in order. Set once, before the first can arrive. */
  onMessage: (message: unknown[]) => void;
  /** Called with the error when something arrived that cannot be read. */
  onUnreadable: (error: unknown) => void;
  /** Called once when the other side is gone and nothing more will arrive. */
  onClose: () => void;
  /** Whether what was sent is still waiting in this process; a host starts nothing more until it drained. */
  readonly isCongested: boolean;
  /** Runs `fn` once, when the channel is no longer congested. */
  onceDrained(fn: () => void): void;
  /** Hands over, at once, what has arrived and was not delivered yet: for a peer that has just died. */
  deliverPending(): void;
  /** Keeps the event loop alive while set. */
  ref(): void;
  unref(): void;
  close(): void;
}
