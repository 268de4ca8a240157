/** A two-way, ordered, message-keeping connection between a caller and a host: the only thing a transport must be. */
export interface Channel {
  /**
   * Sends one message, a flat array of entries (see `protocol.ts`).
   * @throws what the serializer throws; then nothing was sent and nothing was transferred.
   */
  post(message: unknown[], transfer: readonly object[]): void;
  /** Called with each message, in order. Set once, before the first message can arrive. */
  onMessage: (message: unknown[]) => void;
  /** Called with the error when a message arrived that cannot be read. */
  onUnreadable: (error: unknown) => void;
  /** Called once when the other side is gone and nothing more will arrive. */
  onClose: () => void;
  /** Whether what was posted is still waiting in this process; a host starts nothing more until it drained. */
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
