/**
 * Serves a worker to a caller at the other end of a channel: what runs in every thread and process of a pool.
 *
 * Owns the channel and the replies not sent yet. The calls are the `CallServer`'s.
 *
 * H1. Replies of one turn leave together, and no reply waits longer than `FLUSH_AFTER_MS` behind swift calls, nor at all
 *     behind one that is not known to be swift.
 * H2. No call begins while earlier replies have not left this process.
 * H3. On a node no call begins after its lease has ended.
 */
import { steadyNow } from "../config/steady-clock.js";
import { isMainThread, type MessagePort, threadId } from "node:worker_threads";
import { lastNow } from "../config/turn-clock.js";
import type { Grant, Limits } from "../limits/grant.js";
import { unlimited } from "../limits/unlimited.js";
import type { LimitClient, LimitLine } from "../limits/remote/limit-client.js";
import type { LimitReply } from "../limits/remote/line.js";
import type { LimitsTicket } from "../limits/remote/ticket.js";
import type { Channel } from "../wire/channel.js";
import { decodeFailure, encodeFailure, type WireFailure } from "../wire/error-codec.js";
import { doneEntry } from "../wire/entries.js";
import { Outbox } from "../wire/outbox.js";
import { codeOf, countOf, methodOf, type StartMessage, ToCaller, ToHost } from "../wire/protocol.js";
import { transferOf } from "../wire/transfer.js";
import { canSend, unsendableError } from "../wire/unsendable.js";
import type { RingChannel } from "../wire/ring/ring-channel.js";
import { Vigil } from "../wire/vigil.js";
import { CallServer, type HostedCall, type Pacing, type Replies } from "./call-server.js";
import { construct, hostState } from "./host-state.js";
import { importRegistration } from "./import-module.js";
import { hasEnded, type LeaseEnd } from "./lease.js";
import { ServedLine } from "./served-line.js";
import { Swiftness } from "./swiftness.js";

// As it is when the library loads: a worker may replace its globals, as fake timers do.
const laterTurn = setImmediate;

const FLUSH_AFTER_MS = 0.25;
/** How long it looks for the next call within one turn of its event loop, in ms. */
const LOOK_MS = 0.02;
const MEMORY_EVERY_MS = 1000;
/** How often a host on a node without a lease looks whether there is one again. */
const FENCED_POLL_MS = 50;
/** Longer messages than this hold several calls. */
const BULK_LENGTH = 12;
/** Fields of a call before its arguments. */
const PLAIN_FIELDS = 2;
const FULL_FIELDS = 7;
const GRANTED_FIELDS = 10;
/** Which of them is the number of arguments, in one that is not plain. */
const COUNT_FIELD = 6;

const OTHER_CALLS: ReadonlySet<number> = new Set([ToHost.call, ToHost.urgentCall, ToHost.grantedCall]);

/** The fields of a granted call after its code, of which any other has the first six. */
type CallFields = [
  ...[id: number, method: number, attempt: number, deadline: number, readAhead: number, count: number],
  isUrgent: boolean,
  set: number,
  taken: readonly number[],
];

/** What differs between a thread and a process. */
export interface HostEnvironment {
  readonly channel: Channel;
  /** The channel again, where it is shared memory. */
  readonly rings?: RingChannel;
  /** Throws when a value cannot be sent to the caller. */
  readonly trySend: (value: unknown) => void;
  /** As in the start message, where that cannot hold shared memory. */
  readonly begun?: SharedArrayBuffer | undefined;
  /** Opens this end of a direct line (`wire/direct-line.ts`). */
  readonly openLine?: (port: MessagePort, memory: SharedArrayBuffer, bell: SharedArrayBuffer) => RingChannel;
}

/** Takes the start message from the channel, constructs the worker, and serves it until told to stop. */
export function serveChannel(environment: HostEnvironment): void {
  const { channel } = environment;
  channel.onMessage = (message) => {
    const start = message[0] as StartMessage;
    const host = new ChannelHost(environment, start);
    channel.onMessage = (entries) => host.receive(entries);
    void host.start();
  };
}

class ChannelHost implements Replies, Pacing {
  readonly #environment: HostEnvironment;
  readonly #start: StartMessage;
  readonly #outbox: Outbox;
  readonly #swiftness: Swiftness;
  #server: CallServer | undefined;
  #limits: LimitClient | undefined;
  readonly #begun: Int32Array | undefined;
  #arrivals = 0;
  /** Whether the caller sends many calls at a time: it can wait a moment for replies of several messages. */
  #isBulk = false;
  /** Whether the message that is dealt with held one call and nothing else. */
  #isLone = false;
  readonly #vigil: Vigil;
  #line: ServedLine | undefined;
  #flushedAt = 0;
  #memoryAt = 0;
  /** On a node: how long calls may begin. */
  #lease: LeaseEnd | undefined;

  constructor(environment: HostEnvironment, start: StartMessage) {
    this.#environment = environment;
    this.#start = start;
    const begun = start.begun ?? environment.begun;
    if (begun) this.#begun = new Int32Array(begun);
    this.#outbox = new Outbox(environment.channel);
    this.#vigil = new Vigil(environment.rings, LOOK_MS, environment.rings !== undefined);
    this.#swiftness = new Swiftness(start.blueprint.methods.length, (method, isSwift) => {
      this.#outbox.add([ToCaller.swift, method, isSwift]);
      // The caller must know before the next call begins; see `Swiftness`.
      this.#flush();
    });
  }

  async start(): Promise<void> {
    const { blueprint, identity } = this.#start;
    hostState.depth = blueprint.depth;
    this.#watchDeath();
    try {
      const registration = await importRegistration(blueprint.url, blueprint.key, blueprint.name);
      const { limits: ticket } = this.#start;
      // Not awaited where there are none: whether what stands for them can be awaited would load them.
      const limits = ticket ? await this.#openLimits(ticket) : unlimited();
      const instance = construct(registration.target, blueprint.constructorArgs, identity, limits);
      this.#server = new CallServer(instance, blueprint.methods, { ...blueprint, isAlone: true, limits }, this, this);
      this.#outbox.add([ToCaller.ready]);
    } catch (error) {
      this.#outbox.add([ToCaller.startFailed, this.#encode(error)]);
    }
    this.#reportMemory();
    this.#flush();
  }

  async #openLimits(ticket: LimitsTicket): Promise<Limits> {
    // A worker without limits is ready the sooner for it.
    const { LimitClient } = await import("../limits/remote/limit-client.js");
    const line: LimitLine = {
      send: (message) => this.#outbox.add([ToCaller.limits, message]),
      decode: (error) => decodeFailure(error as WireFailure, () => undefined, "(limits of the pool)"),
    };
    this.#limits = new LimitClient(ticket, line, threadId + 1);
    return this.#limits;
  }

  receive(message: unknown[]): void {
    this.#vigil.arrived();
    this.#isBulk = message.length > BULK_LENGTH;
    const first = message[0] as number;
    this.#isLone = message.length === lengthOfCall(first, message);
    const server = this.#server;
    if (this.#isLone || !server) this.#receiveAll(message);
    else server.together(() => this.#receiveAll(message));
  }

  #receiveAll(message: unknown[]): void {
    let at = 0;
    while (at < message.length) {
      const header = message[at] as number;
      const code = codeOf(header);
      if (code === ToHost.plainCall) at = this.#receivePlainCall(header, message, at + 1, this.#count());
      else if (OTHER_CALLS.has(code)) at = this.#receiveCall(code, message, at + 1);
      else at = this.#receiveControl(code, message, at + 1);
    }
  }

  /** @param handedAs - calls of a direct line are not counted: none is handed over ahead there */
  #receivePlainCall(header: number, message: unknown[], at: number, handedAs: number): number {
    const end = at + 1 + countOf(header);
    this.#server!.call({
      sequence: message[at] as number,
      method: methodOf(header),
      attempt: 1,
      deadline: 0,
      readAhead: 0,
      args: end === at + 2 ? [message[at + 1]] : message.slice(at + 1, end),
      isUrgent: false,
      handedAs,
      grant: undefined,
    });
    return end;
  }

  #receiveCall(code: number, message: unknown[], at: number): number {
    const fields = message.slice(at, at + GRANTED_FIELDS - 1) as CallFields;
    const [id, method, attempt, deadline, readAhead, count] = fields;
    let isUrgent = code === ToHost.urgentCall;
    let begin = at + FULL_FIELDS - 1;
    let grant: Grant | undefined;
    if (code === ToHost.grantedCall) {
      const [, , , , , , isUrgentToo, set, taken] = fields;
      isUrgent = isUrgentToo;
      begin = at + GRANTED_FIELDS - 1;
      grant = this.#limits!.grantOf(id, set, taken);
    }
    const end = begin + count;
    const args = message.slice(begin, end);
    const handedAs = isUrgent ? 0 : this.#count();
    this.#take({ sequence: id, method, attempt, deadline, readAhead, args, isUrgent, handedAs, grant });
    return end;
  }

  /** The how-manieth call it is that comes by the channel. */
  #count(): number {
    return (this.#arrivals = (this.#arrivals + 1) | 0);
  }

  /** An urgent call passes all others, but not the end of a lease (H3). */
  #take(call: HostedCall): void {
    if (call.isUrgent && this.#isFenced()) setTimeout(() => this.#take(call), FENCED_POLL_MS);
    else this.#server!.call(call);
  }

  #isFenced(): boolean {
    return this.#lease !== undefined && hasEnded(this.#lease);
  }

  #receiveControl(code: number, message: unknown[], at: number): number {
    const server = this.#server!;
    const id = message[at] as number;
    switch (code) {
      case ToHost.cancel:
        server.cancel(
          id,
          decodeFailure(message[at + 1] as WireFailure, () => undefined, "(cancelled by the caller)"),
          message[at + 2] as boolean,
        );
        return at + 3;
      case ToHost.pull:
        server.pull(id, message[at + 1] as number);
        return at + 2;
      case ToHost.close:
        server.close(id);
        return at + 1;
      case ToHost.ping:
        void this.#pong(id, message[at + 1] as number);
        return at + 2;
      case ToHost.limits:
        this.#limits!.receive(message[at] as LimitReply);
        return at + 1;
      case ToHost.lease:
        this.#lease = [id, message[at + 1] as number];
        return at + 2;
      case ToHost.skipped:
        this.#count();
        return at;
      case ToHost.line:
        this.#serveLine(message.slice(at, at + 3) as Parameters<NonNullable<HostEnvironment["openLine"]>>);
        return at + 3;
      case ToHost.stop:
        void this.#stop();
        return at;
      default:
        throw new TypeError(`Cannot read a message as its entry ${code} is unknown`);
    }
  }

  #serveLine(end: Parameters<NonNullable<HostEnvironment["openLine"]>>): void {
    const channel = this.#environment.openLine!(...end);
    this.#line = new ServedLine(channel, LOOK_MS, (entry) => {
      this.#receivePlainCall(entry[0] as number, entry, 1, this.#arrivals);
    });
  }

  done(id: number, ran: number, result: unknown, method: number): void {
    const entry = doneEntry(id, ran, result);
    try {
      const list = transferOf(result);
      if (this.#line?.has(id)) {
        this.#line.answer(entry, list);
        return;
      }
      if (!list && !this.#isLone) {
        this.#outbox.add(entry, this.#isBulk);
        return;
      }
      // What moves instead of being copied travels alone: other replies may look at it. And where nothing else is on its
      // way, a reply that waits for the end of the turn would only be late.
      this.#outbox.send(entry, list);
      if (!this.#isLone) return;
      this.#isLone = false;
      this.#expectCall();
    } catch (cause) {
      this.failed(id, ran, this.#unsendable("return the result", method, "result", result, cause));
    }
  }

  /** Stays awake for the next call, for as long as the caller allows. */
  #expectCall(): void {
    const { rings } = this.#environment;
    const budget = rings ? rings.allowance : (this.#start.spin ?? 0);
    if (budget === 0) return;
    const vigil = this.#vigil;
    vigil.expect(budget / 1000);
    rings?.tell(vigil.hits, vigil.misses);
  }

  failed(id: number, ran: number, thrown: unknown): void {
    const entry = [ToCaller.failed, id, ran, this.#encode(thrown)];
    if (this.#line?.has(id)) this.#line.answer(entry);
    else this.#outbox.add(entry);
  }

  items(id: number, items: unknown[], method: number): void {
    for (const item of items) {
      const entry = [ToCaller.items, id, 1, item];
      try {
        const list = transferOf(item);
        if (list) this.#outbox.send(entry, list);
        else this.#outbox.add(entry);
      } catch (cause) {
        const error = this.#unsendable("yield an item", method, "item", item, cause);
        this.#server!.cancel(id, error);
        this.failed(id, 0, error);
        return;
      }
    }
  }

  progress(id: number, done: number, total: number | undefined): void {
    this.#outbox.add([ToCaller.progress, id, done, total]);
    this.#flushIfDue();
  }

  log(id: number, values: unknown[]): void {
    try {
      this.#outbox.add([ToCaller.log, id, values.length, ...values]);
    } catch {
      this.#outbox.add([ToCaller.log, id, values.length, ...values.map(String)]);
    }
    this.#flushIfDue();
  }

  mayBegin({ method, handedAs }: HostedCall): boolean {
    const { channel } = this.#environment;
    if (this.#isFenced()) {
      setTimeout(() => this.#server!.resume(), FENCED_POLL_MS);
      return false;
    }
    if (!this.#swiftness.isSwift(method)) this.#flush();
    if (!channel.isCongested) {
      if (this.#begun) Atomics.store(this.#begun, 0, handedAs);
      return true;
    }
    channel.onceDrained(() => this.#server!.resume());
    return false;
  }

  mayBeginBlindly(method: number): boolean {
    return this.#swiftness.isSwift(method);
  }

  mayGoOn(method: number, ran: number): boolean {
    this.#swiftness.record(method, ran);
    // The clock was just read for the end of the call.
    this.#flushIfDue(lastNow());
    return this.#swiftness.isSwift(method);
  }

  nextTurn(fn: () => void): void {
    const { rings } = this.#environment;
    if (rings) rings.nextTurn(fn);
    else laterTurn(fn);
  }

  #flushIfDue(now = steadyNow()): void {
    if (now - this.#flushedAt > FLUSH_AFTER_MS) {
      this.#flushedAt = now;
      this.#outbox.flush();
      if (now - this.#memoryAt > MEMORY_EVERY_MS) this.#reportMemory();
    }
  }

  #flush(): void {
    if (this.#outbox.isEmpty) return;
    this.#flushedAt = steadyNow();
    this.#outbox.flush();
  }

  #reportMemory(): void {
    this.#memoryAt = steadyNow();
    this.#outbox.add([ToCaller.memory, isMainThread ? process.memoryUsage.rss() : threadMemory()]);
  }

  async #pong(sequence: number, method: number): Promise<void> {
    let isHealthy = true;
    if (method >= 0) {
      try {
        isHealthy = (await this.#server!.probe(method)) !== false;
      } catch {
        isHealthy = false;
      }
    }
    this.#outbox.add([ToCaller.pong, sequence, isHealthy]);
  }

  async #stop(): Promise<void> {
    await this.#server?.idle();
    try {
      await this.#server?.dispose();
    } catch (error) {
      this.#outbox.add([ToCaller.log, -1, 2, "The disposer of the worker threw", String(error)]);
    }
    this.#outbox.add([ToCaller.stopped]);
    this.#flush();
  }

  /** The last words: what was done is sent, and why the worker dies, as far as it still can. */
  #watchDeath(): void {
    process.on("uncaughtExceptionMonitor", (error) => {
      this.#outbox.add([ToCaller.dying, "uncaught-exception", this.#encode(error)]);
      this.#flush();
    });
    process.on("exit", () => this.#flush());
  }

  #unsendable(action: string, method: number, root: string, value: unknown, cause: unknown): Error {
    const name = this.#start.blueprint.methods[method];
    return unsendableError(`${action} of '${name}'`, root, value, this.#environment.trySend, cause);
  }

  #encode(thrown: unknown): WireFailure {
    return encodeFailure(thrown, (value) => canSend(this.#environment.trySend, value));
  }
}

/** Of this thread alone. V8 says the same of its heap, by a module (`node:v8`) that takes half a ms to load. */
function threadMemory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** How long a message is that begins with a call and holds nothing else; -1 where that is no usual call. */
function lengthOfCall(header: number, message: readonly unknown[]): number {
  const code = codeOf(header);
  if (code === ToHost.plainCall) return PLAIN_FIELDS + countOf(header);
  return code === ToHost.grantedCall ? GRANTED_FIELDS + (message[COUNT_FIELD] as number) : -1;
}
