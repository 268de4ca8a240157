/**
 * Keeps a lease: sends a beat each quarter of it, one at a time, and at once after the connection came back.
 *
 * L1. `validUntil` never lies behind what the server knows: it counts from when a beat that succeeded was sent.
 * L2. A beat may reap others only while the connection has been up for longer than the lease.
 * L3. A connection on which no answer comes for as long as a lease is begun anew.
 * L4. `lost` is called once at most, and nothing is sent afterwards.
 */
import { type Connection, renew } from "../broker/connection.js";

export interface LeaseOptions {
  /** In ms. */
  readonly lease: number;
  /** The connection that the beats use. */
  readonly connection: Pick<Connection, "status" | "on" | "off" | "stream">;
  /** Sends one beat; says whether the lease was renewed. Rejects when that is not known. */
  readonly beat: (mayReap: boolean) => Promise<boolean>;
  /** The lease ended and others may have acted on that: we were reaped. */
  readonly lost: () => void;
}

export class Lease {
  readonly #options: LeaseOptions;
  #validUntil: number;
  #connectedSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  #isBeating = false;
  #isAskedAgain = false;
  #isStopped = false;

  /** Begins right after a successful join that was sent at `joinedAt` (ms of `performance.now()`). */
  constructor(options: LeaseOptions, joinedAt: number) {
    this.#options = options;
    this.#validUntil = joinedAt + options.lease;
    if (options.connection.status === "ready") this.#connectedSince = performance.now();
    options.connection.on("ready", this.#onReady);
    options.connection.on("close", this.#onClose);
    this.#schedule();
  }

  /** Until when others surely count us as alive, in ms of `performance.now()`. */
  get validUntil(): number {
    return this.#validUntil;
  }

  /** Whether others surely count us as alive. After it turned false it may become true again, unless `lost` is called. */
  get isValid(): boolean {
    return !this.#isStopped && performance.now() < this.#validUntil;
  }

  /** Since when the connection is up, in ms of `performance.now()`; `undefined` while it is away. */
  get connectedSince(): number | undefined {
    return this.#connectedSince;
  }

  /** Beats now, or right after the beat that is on its way; for when what a beat says has changed. */
  beatSoon(): void {
    if (this.#isStopped) return;
    if (this.#isBeating) this.#isAskedAgain = true;
    else void this.#beat();
  }

  /** Ends it; `lost` is not called any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#patience);
    this.#options.connection.off("ready", this.#onReady);
    this.#options.connection.off("close", this.#onClose);
  }

  readonly #onReady = (): void => {
    this.#connectedSince = performance.now();
    this.beatSoon();
  };

  readonly #onClose = (): void => {
    this.#connectedSince = undefined;
  };

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#beat(), this.#options.lease / 4);
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    const { lease, beat, lost, connection } = this.#options;
    clearTimeout(this.#timer);
    this.#isBeating = true;
    this.#isAskedAgain = false;
    const sentAt = performance.now();
    const mayReap = this.#connectedSince !== undefined && sentAt - this.#connectedSince > lease;
    let isRenewed: boolean | undefined;
    this.#patience = setInterval(() => renew(connection), lease).unref();
    try {
      isRenewed = await beat(mayReap);
    } catch {
      // Not known: the next beat says. Until then `validUntil` runs out by itself.
    }
    clearInterval(this.#patience);
    this.#isBeating = false;
    if (this.#isStopped) return;
    if (isRenewed === false) {
      this.stop();
      lost();
      return;
    }
    if (isRenewed) this.#validUntil = Math.max(this.#validUntil, sentAt + lease);
    // A beat that had to wait for the connection counts from when it was sent, and may be too old to be of use.
    const isLate = isRenewed === true && performance.now() - sentAt >= lease / 4;
    if (this.#isAskedAgain || isLate) void this.#beat();
    else this.#schedule();
  }
}
