/**
 * A host at the other end of a channel, as its caller sees it: what threads and processes have in common.
 *
 * Owns the calls not sent yet and the knowledge of which methods are swift. How the other side is started and ended is
 * the `Vessel`'s.
 *
 * R1. Calls of one turn leave together; one whose arguments cannot be sent fails alone.
 * R2. `exited` comes last, after everything the worker managed to say.
 */
import { type CrashDetails, type CrashReason, SerializationError } from "../errors.js";
import { LATER } from "../host/later.js";
import { LimitServer } from "../limits/remote/limit-server.js";
import type { LimitMessage } from "../limits/remote/line.js";
import type { Bell } from "../wire/bell.js";
import type { Channel } from "../wire/channel.js";
import { openLine, type OpenedLine } from "../wire/direct-line.js";
import { decodeFailure, encodeFailure, type WireFailure } from "../wire/error-codec.js";
import { plainEntry } from "../wire/entries.js";
import { Outbox } from "../wire/outbox.js";
import { fitsPlain, ToCaller, ToHost } from "../wire/protocol.js";
import { canSend, type TrySend, unsendableError } from "../wire/unsendable.js";
import type { RingChannel } from "../wire/ring/ring-channel.js";
import { blockingSpinBudget, hasSeveralCores, spinBudget } from "../wire/spinning.js";
import { Vigil } from "../wire/vigil.js";
import { Wakefulness } from "../wire/wakefulness.js";
import type { CallRequest, Host, HostSetup, SpinStats } from "./executor.js";

/** A thread or process: started, kept alive, ended. */
export interface Vessel {
  readonly channel: Channel;
  /** The channel again, where it is shared memory. */
  readonly rings?: RingChannel;
  readonly trySend: TrySend;
  /** Ends it by force. */
  kill(): void;
  /** Ends it when it has said that it is done: user code may have left timers or sockets that would keep it. */
  leave(): void;
  ref(): void;
  unref(): void;
  /** Told of each call, but for urgent ones, before it is posted: the how-manieth it is. */
  handing?(handedAs: number): void;
  /** The how-manieth call may have begun at most, where that is known; else it is inferred. */
  begun?(): number | undefined;
}

/** Told by a vessel of its end. */
export interface VesselEvents {
  /** Gone, for this reason; `cause` is an error of starting or running it that is known besides. */
  exited(details: CrashDetails, cause?: unknown): void;
  /** It cannot be opened; `kill` follows. */
  failed(error: unknown): void;
  /** Opening it waits for this; `undefined`: no more. */
  waiting(reason: string | undefined): void;
  /** It will not last: no more calls, please. */
  retire(): void;
}

/** With so many calls in flight a worker does not run dry before the next message. */
const PATIENT_FROM = 2;

/** So much is under way to a worker at most, but for what it runs: what it holds at once stays in the cache. */
const MOST_BYTES = 524_288;
/** How much the size of the last call counts. */
const CALL_WEIGHT = 1 / 8;

/** How long the caller looks for an answer within one turn of its event loop, which has more to do, in ms. */
const LOOK_MS = 0.005;

const NO_SPINS = { hits: 0, misses: 0 };

/** With so many entries a message need not wait for more: what the other side makes of them takes as long as to wake it. */
const WORTHWHILE = 64;

export class RemoteHost implements Host {
  readonly runsOn = false;
  readonly #setup: HostSetup;
  readonly #open: (events: VesselEvents) => Vessel;
  #vessel: Vessel | undefined;
  #outbox: Outbox | undefined;
  readonly #swift = new Set<number>();
  #limits: LimitServer | undefined;
  /** How large a call is, about. */
  #callBytes = 0;
  #awaitsDrain = false;
  /** Calls without an outcome. */
  #inFlight = 0;
  #vigil: Vigil | undefined;
  #wakefulness: Wakefulness | undefined;
  #line: OpenedLine | undefined;
  readonly #spinBudget: number;
  /** How long the call took that was answered last, in ms. */
  #lastRan = Number.POSITIVE_INFINITY;
  readonly #frame: string;
  /** Why we ended it, or the last words it sent. */
  #expected: CrashDetails | undefined;
  #lastWords: { reason: CrashReason; cause: unknown } | undefined;
  #hasExited = false;

  constructor(setup: HostSetup, open: (events: VesselEvents) => Vessel) {
    this.#setup = setup;
    this.#open = open;
    const { identity } = setup.start;
    this.#spinBudget = spinBudget(setup.settings.spin);
    this.#frame = `${setup.label} (manyhands ${identity.mode} worker ${identity.index})`;
  }

  launch(): void {
    try {
      this.#vessel = this.#open({
        exited: (details, cause) => this.#exited(details, cause),
        failed: (error) => this.#setup.events.startFailed(error),
        waiting: (reason) => this.#setup.events.waiting(reason),
        retire: () => this.#setup.events.retire(),
      });
    } catch (error) {
      this.#setup.events.startFailed(error);
      return;
    }
    const { channel, rings } = this.#vessel;
    const vigil = new Vigil(rings, LOOK_MS);
    const wakefulness = new Wakefulness(rings, vigil, this.#spinBudget);
    this.#vigil = vigil;
    this.#wakefulness = wakefulness;
    channel.onMessage = (message) => {
      vigil.arrived();
      this.#setup.events.together(() => this.#receive(message));
      if (this.#inFlight === 0) wakefulness.ends(this.#lastRan);
      else vigil.expect(wakefulness.goesOn(this.#lastRan));
      // What the replies made room for is on its way while the continuations of the callers run.
      if (this.#outbox!.size >= WORTHWHILE) this.#outbox!.flush();
    };
    // Whose outcome it held cannot be told: the worker ends, and its calls with it.
    channel.onUnreadable = (cause) => {
      this.#lastWords = { reason: "unreadable", cause };
      this.#vessel!.kill();
    };
    this.#outbox = new Outbox(channel);
    this.#limits = this.#serveLimits();
    try {
      const spin = hasSeveralCores ? this.#spinBudget : 0;
      this.#outbox.send([{ ...this.#setup.start, spin, limits: this.#limits?.ticket }]);
    } catch (cause) {
      // All else in it is plain, or was found fit to be sent when the pool was made.
      const what = "Cannot send the limits of the pool to a worker as the 'config' of a set cannot be sent";
      this.#setup.events.startFailed(new SerializationError(what, "limits.config", { cause }));
    }
  }

  call(request: CallRequest): typeof LATER {
    const outbox = this.#outbox!;
    const isPatient = this.#inFlight >= PATIENT_FROM;
    this.#inFlight += 1;
    if (this.#inFlight === 1) this.#vigil!.expect(this.#wakefulness!.begins());
    if (!request.isUrgent) this.#vessel!.handing?.(request.handedAs);
    const entry = this.#entryOf(request);
    try {
      // What is handed over uncopied may be looked at by other arguments: such a call travels alone.
      if (request.transfer) outbox.send(entry, request.transfer);
      // There are no others that it could travel with more cheaply.
      else if (this.#inFlight === 1 && this.#vessel!.rings) outbox.send(entry);
      else this.#callBytes += (outbox.add(entry, isPatient) - this.#callBytes) * CALL_WEIGHT;
      if (this.#vessel!.channel.isCongested) this.#awaitDrain();
    } catch (error) {
      this.#cannotSend(request, error);
    }
    return LATER;
  }

  get isCongested(): boolean {
    return this.#vessel?.channel.isCongested ?? false;
  }

  get isLaden(): boolean {
    return this.#inFlight * this.#callBytes > MOST_BYTES;
  }

  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#vessel!.channel.onceDrained(() => {
      this.#awaitsDrain = false;
      if (!this.#hasExited) this.#setup.events.drained();
    });
  }

  get spin(): SpinStats {
    const budget = this.#spinBudget;
    const { hits = 0, misses = 0 } = this.#vigil ?? {};
    const theirs = this.#vessel?.rings?.spinning() ?? NO_SPINS;
    const direct = this.#line?.spinning() ?? NO_SPINS;
    return { budget, hits: hits + theirs.hits + direct.hits, misses: misses + theirs.misses + direct.misses };
  }

  #entryOf(request: CallRequest): unknown[] {
    const { sequence, method, attempt, deadline, readAhead, isUrgent, grant, args } = request;
    if (grant) {
      const set = this.#limits!.lendGrant(sequence, grant);
      const limited = [isUrgent, set, grant.taken];
      return [ToHost.grantedCall, sequence, method, attempt, deadline, readAhead, args.length, ...limited, ...args];
    }
    if (attempt === 1 && deadline === 0 && readAhead === 0 && !isUrgent && fitsPlain(method, args.length)) {
      return plainEntry(method, sequence, args);
    }
    const code = isUrgent ? ToHost.urgentCall : ToHost.call;
    return [code, sequence, method, attempt, deadline, readAhead, args.length, ...args];
  }

  cancel(sequence: number, reason: unknown, hasBegun: boolean): void {
    const failure = encodeFailure(reason, (value) => canSend(this.#vessel!.trySend, value));
    this.#outbox!.add([ToHost.cancel, sequence, failure, hasBegun]);
  }

  abandon(): boolean {
    return false;
  }

  pull(sequence: number, count: number): void {
    this.#outbox!.add([ToHost.pull, sequence, count]);
  }

  closeStream(sequence: number): void {
    this.#outbox!.add([ToHost.close, sequence]);
  }

  openLine(bell: Bell): OpenedLine | undefined {
    if (!this.#vessel?.rings) return undefined;
    const line = openLine(bell, blockingSpinBudget(this.#setup.settings.spin));
    this.#line = line;
    const { port, memory } = line.host;
    this.#outbox!.send([ToHost.line, port, memory, bell.memory], [port]);
    return line;
  }

  ping(sequence: number, method: number): void {
    this.#outbox!.add([ToHost.ping, sequence, method]);
  }

  stop(): void {
    this.#expected = { reason: "exit" };
    this.#outbox?.add([ToHost.stop]);
  }

  terminate(details: CrashDetails): void {
    this.#expected = details;
    if (this.#vessel) this.#vessel.kill();
    else this.#exited(details, undefined);
  }

  /**
   * How many of the calls without an outcome, oldest first, may have begun.
   *
   * A thread says it in shared memory, a broker knows what a node was given. Of a process it is inferred: the first
   * `concurrency`, and behind a swift call other swift ones, as a host begins a call of any other method only when all
   * earlier replies have left it.
   */
  mayHaveBegun(calls: readonly CallRequest[], concurrency: number): number {
    const last = this.#vessel?.begun?.();
    if (last !== undefined) {
      return calls.filter(({ handedAs }) => ((last - handedAs) | 0) >= 0).length;
    }
    let count = Math.min(calls.length, concurrency);
    const isSwift = ({ method }: CallRequest): boolean => this.#swift.has(method);
    if (!calls.slice(0, count).some(isSwift)) return count;
    while (count < calls.length && isSwift(calls[count]!)) count += 1;
    return count;
  }

  ref(): void {
    this.#vessel?.ref();
  }

  unref(): void {
    this.#vessel?.unref();
  }

  /** Limits for the worker, where the pool has any, or calls that speak of them. */
  #serveLimits(): LimitServer | undefined {
    const { limits, start, hasCosts } = this.#setup;
    if (limits.isUnlimited && !hasCosts) return undefined;
    return new LimitServer(limits, start.identity.mode === "thread", {
      send: (reply) => {
        if (!this.#hasExited) this.#outbox!.add([ToHost.limits, reply]);
      },
      encode: (error) => encodeFailure(error, (value) => canSend(this.#vessel!.trySend, value)),
    });
  }

  #receive(message: unknown[]): void {
    const { events } = this.#setup;
    let at = 0;
    while (at < message.length) {
      const code = message[at] as number;
      if (code === ToCaller.done) {
        this.#inFlight -= 1;
        this.#limits?.callEnded(message[at + 1] as number);
        this.#lastRan = message[at + 2] as number;
        events.done(message[at + 1] as number, this.#lastRan, message[at + 3]);
        at += 4;
      } else {
        at = this.#receiveOther(code, message, at + 1);
      }
    }
  }

  #receiveOther(code: number, message: unknown[], at: number): number {
    const { events } = this.#setup;
    const first = message[at] as number;
    switch (code) {
      case ToCaller.failed:
        this.#inFlight -= 1;
        this.#limits?.callEnded(first);
        this.#lastRan = message[at + 1] as number;
        events.failed(first, this.#lastRan, this.#decode(message[at + 2]));
        return at + 3;
      case ToCaller.items:
      case ToCaller.log: {
        const end = at + 2 + (message[at + 1] as number);
        const values = message.slice(at + 2, end);
        if (code === ToCaller.items) events.items(first, values);
        else events.log(first, values);
        return end;
      }
      case ToCaller.progress:
        events.progress(first, message[at + 1] as number, message[at + 2] as number | undefined);
        return at + 3;
      case ToCaller.pong:
        events.pong(first, message[at + 1] as boolean);
        return at + 2;
      case ToCaller.swift:
        if (message[at + 1]) this.#swift.add(first);
        else this.#swift.delete(first);
        return at + 2;
      case ToCaller.memory:
        events.memory(first);
        return at + 1;
      case ToCaller.limits:
        this.#limits!.receive(message[at] as LimitMessage);
        return at + 1;
      case ToCaller.ready:
        events.ready();
        return at;
      case ToCaller.startFailed:
        events.startFailed(this.#decode(message[at]));
        return at + 1;
      case ToCaller.dying:
        this.#lastWords = { reason: message[at] as CrashReason, cause: this.#decode(message[at + 1]) };
        return at + 2;
      case ToCaller.stopped:
        this.#vessel!.leave();
        return at;
      default:
        throw new TypeError(`Cannot read a message of a worker as its entry ${code} is unknown`);
    }
  }

  #exited(details: CrashDetails, cause: unknown): void {
    if (this.#hasExited) return;
    this.#vessel?.channel.deliverPending();
    this.#hasExited = true;
    this.#wakefulness?.ends(0);
    this.#vessel?.channel.close();
    this.#limits?.close();
    const { exitCode, signal } = details;
    const words = this.#lastWords;
    const reason = this.#expected?.reason ?? words?.reason ?? details.reason;
    const death = {
      details: { reason, exitCode, signal },
      cause: this.#expected ? undefined : (words?.cause ?? cause),
    };
    this.#line?.end(death);
    this.#setup.events.exited(death.details, death.cause);
  }

  #decode(failure: unknown): unknown {
    return decodeFailure(failure as WireFailure, this.#setup.errorClasses, this.#frame);
  }

  #cannotSend(request: CallRequest, cause: unknown): void {
    const { sequence, method, args, isUrgent } = request;
    // Both sides count the calls.
    if (!isUrgent) this.#outbox!.add([ToHost.skipped]);
    const name = this.#setup.start.blueprint.methods[method];
    const { trySend } = this.#vessel!;
    const index = args.findIndex((arg) => !canSend(trySend, arg));
    const error =
      index >= 0
        ? unsendableError(`call '${name}'`, `args[${index}]`, args[index], trySend, cause)
        : new SerializationError(`Cannot call '${name}' as its arguments cannot be sent: ${String(cause)}`, "args", {
            cause,
          });
    // The caller has not yet noted that it handed the call over.
    queueMicrotask(() => {
      if (this.#hasExited) return;
      this.#inFlight -= 1;
      this.#limits?.callEnded(sequence);
      this.#setup.events.failed(sequence, 0, error);
    });
  }
}
