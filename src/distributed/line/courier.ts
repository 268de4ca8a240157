/**
 * Brings frames into the inboxes of peers. It owns the connection for sending and the pauses between tries; what is to be
 * sent belongs to the lines.
 *
 * C1 At most one frame of a line is under way; what comes meanwhile leaves as the next.
 * C2 Records of one turn of the event loop leave together.
 * C3 A frame is tried until it is in the inbox, the inbox is gone, or `brokerTimeout` is over: then its line is told.
 * C4 An answer counts only for the try it belongs to: those of a former connection may come late, or never.
 */
import { BrokerUnavailableError } from "../../errors.js";
import { type Connection, connect, hold } from "../broker/connection.js";
import type { ResolvedBroker } from "../../config/broker.js";
import { type Keys, keysOf } from "../broker/keys.js";
import { Script } from "../broker/script.js";
import { isPassing, pauseAfter } from "./broker-faults.js";
import type { Flight, PeerLine } from "./peer-line.js";

export interface CourierEvents {
  /** The inbox of the peer is not there. */
  gone(line: PeerLine): void;
  /** What waits cannot be sent. */
  failed(line: PeerLine, error: BrokerUnavailableError): void;
}

/** How long a line is idle until its last frame is repeated, in ms: Redis writes its file every second. */
const SYNC_AFTER_MS = 2000;

/** A few bytes that say that a line is broken arrive in a server without free memory, too: its calls must not wait for that. */
const GREET = new Script(
  '#!lua flags=allow-oom\nreturn redis.call("XADD", KEYS[1], "NOMKSTREAM", "*", "f", ARGV[1])\n',
);

export class Courier {
  readonly #broker: ResolvedBroker;
  readonly #keys: Keys;
  readonly #self: string;
  readonly #lines: ReadonlyMap<string, PeerLine>;
  readonly #events: CourierEvents;
  #connection: Connection;
  /** How often a connection was lost: what was under way then may have been sent twice. */
  #losses = 0;
  #due: PeerLine[] = [];
  #isClosed = false;
  #isHeld = true;
  #whenSent: (() => void) | undefined;

  constructor(broker: ResolvedBroker, self: string, lines: ReadonlyMap<string, PeerLine>, events: CourierEvents) {
    this.#broker = broker;
    this.#keys = keysOf(broker.prefix);
    this.#self = self;
    this.#lines = lines;
    this.#events = events;
    this.#connection = this.#connect();
  }

  /** Sends what waits in a line at the end of this turn (C2), or as soon as the frame before it is there (C1). */
  schedule(line: PeerLine): void {
    if (line.isDue || line.flight !== undefined || this.#isClosed) return;
    line.isDue = true;
    this.#due.push(line);
    // After all promises of this turn: a microtask would come before most of them.
    if (this.#due.length === 1) process.nextTick(this.#departAll);
  }

  /** To be called every now and then: finds what takes too long, and repeats the last frame of idle lines. */
  tick(now: number): void {
    let isStuck = false;
    for (const line of this.#lines.values()) {
      const { flight } = line;
      if (flight === undefined) {
        if (line.needsSync && now - line.idleSince >= SYNC_AFTER_MS) this.#depart(line, now, true);
        continue;
      }
      const isUnderWay = flight.sentAt !== undefined;
      if (line.unsent > 0 && now - flight.since >= this.#broker.brokerTimeout) {
        isStuck ||= isUnderWay;
        this.#fail(line, flight);
      } else if (isUnderWay && this.#connection.status === "ready" && now - flight.sentAt! >= this.#broker.lease) {
        // Such as a cut of the network that neither side was told of.
        isStuck = true;
      }
    }
    if (isStuck) this.#renew(now);
  }

  /** Whether the connection keeps the event loop alive. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    hold(this.#connection, isHeld);
  }

  /** Ends when there is nothing to send, or after `within` ms. */
  async allSent(within: number): Promise<void> {
    if (this.#isAllSent()) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, within);
      this.#whenSent = resolve;
    });
    clearTimeout(timer);
    this.#whenSent = undefined;
  }

  /** Whoever waits for all to be sent is told, when a line no longer has what it had. */
  settled(): void {
    if (this.#whenSent !== undefined && this.#isAllSent()) this.#whenSent();
  }

  /** Runs one more command, for at most `within` ms; then ends the connection. */
  async close(within: number, command: string, key: string): Promise<void> {
    this.#isClosed = true;
    let timer: NodeJS.Timeout | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, within);
    });
    await Promise.race([this.#connection.call(command, key).catch(() => {}), isOver]);
    clearTimeout(timer);
    this.#connection.disconnect();
  }

  readonly #departAll = (): void => {
    const due = this.#due;
    this.#due = [];
    const now = performance.now();
    for (const line of due) {
      line.isDue = false;
      this.#depart(line, now, false);
    }
  };

  #depart(line: PeerLine, now: number, withSync: boolean): void {
    if (!this.#isKnown(line)) return;
    const flight = line.depart(this.#self, now, withSync);
    if (flight !== undefined) this.#send(line, flight, now);
  }

  #send(line: PeerLine, flight: Flight, now: number): void {
    const key = this.#keys.inbox(line.peer);
    const losses = this.#losses;
    flight.tries += 1;
    const { tries } = flight;
    flight.sentAt = now;
    const isCurrent = (): boolean => line.flight === flight && flight.tries === tries && this.#isKnown(line);
    const isGreeting = flight.count === 0 && !flight.isSync;
    // An inbox that is gone must not come back.
    const sent =
      isGreeting && tries > 1
        ? GREET.run(this.#connection, [key], [flight.bytes])
        : this.#connection.call("XADD", key, "NOMKSTREAM", "*", "f", flight.bytes);
    sent.then(
      (id) => {
        if (!isCurrent()) return;
        if (losses !== this.#losses) flight.isDoubtful = true;
        this.#arrived(line, id as string | null);
      },
      (error: unknown) => {
        if (isCurrent()) this.#refused(line, flight, error);
      },
    );
  }

  #arrived(line: PeerLine, id: string | null): void {
    if (id === null) {
      // It is not there, and was not sent before either, unless it is in doubt.
      line.flight!.sentAt = undefined;
      this.#events.gone(line);
    } else if (line.arrived(id, performance.now())) {
      this.schedule(line);
    }
    this.settled();
  }

  #refused(line: PeerLine, flight: Flight, error: unknown): void {
    flight.sentAt = undefined;
    flight.lastError = error;
    // A greeting drops nothing; it may wait for rights, say, as long as it takes.
    if (!isPassing(error) && line.unsent > 0) {
      this.#fail(line, flight);
      return;
    }
    // The tick keeps the time (C3).
    setTimeout(() => {
      if (line.flight === flight && flight.sentAt === undefined && this.#isKnown(line)) {
        this.#send(line, flight, performance.now());
      }
    }, pauseAfter(flight.tries)).unref();
  }

  #fail(line: PeerLine, flight: Flight): void {
    const waited = Math.round(performance.now() - flight.since);
    const why =
      flight.lastError === undefined
        ? `the broker did not answer for ${waited} ms`
        : `the broker refused it for ${waited} ms: ${(flight.lastError as Error).message}`;
    const error = new BrokerUnavailableError(
      `Cannot send ${line.unsent} ${line.unsent === 1 ? "message" : "messages"} to '${line.peer}' as ${why}; see 'brokerTimeout'`,
      flight.lastError === undefined ? undefined : { cause: flight.lastError },
    );
    this.#events.failed(line, error);
    this.settled();
  }

  /** Takes another connection; what the former one still had to send is lost with it, or arrives as a copy. */
  #renew(now: number): void {
    this.#losses += 1;
    this.#connection.disconnect();
    this.#connection = this.#connect();
    for (const line of this.#lines.values()) {
      const { flight } = line;
      if (flight?.sentAt === undefined) continue;
      flight.isDoubtful = true;
      this.#send(line, flight, now);
    }
  }

  #connect(): Connection {
    const connection = connect(this.#broker, "line");
    connection.on("close", () => {
      this.#losses += 1;
    });
    if (!this.#isHeld) hold(connection, false);
    return connection;
  }

  /** Not so once its peer is forgotten. */
  #isKnown(line: PeerLine): boolean {
    return !this.#isClosed && this.#lines.get(line.peer) === line;
  }

  #isAllSent(): boolean {
    for (const line of this.#lines.values()) if (line.unsent > 0) return false;
    return true;
  }
}
