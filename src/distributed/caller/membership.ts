/**
 * One membership of a caller, from joining until it leaves or is counted as dead: its lines to nodes and its lease.
 *
 * M1. `lost` is told once, and nothing else after it.
 * M2. It is lost, too, when the broker is away for longer than `brokerTimeout`: what waits for it would do so for ever.
 */
import { hostname } from "node:os";
import type { ResolvedBroker } from "../../config/broker.js";
import { connect, type Connection, hold } from "../broker/connection.js";
import { reach } from "../broker/reach.js";
import { unavailable, withinTimeout } from "../broker/within.js";
import type { LineRecord } from "../line/frame.js";
import { Party } from "../line/party.js";
import { Lease } from "../members/lease.js";
import { Members } from "../members/members.js";
import type { Missing } from "../members/missing.js";
import { readNotice } from "../members/notice.js";

/** What a membership asks and tells the one that has it. */
export interface MembershipEvents {
  /** Its workers that wait for room. */
  waiting(): readonly string[];
  heard(news: MembershipNews): void;
  received(records: readonly LineRecord[]): void;
  /** All that is on its way to and from this node is lost. */
  broken(node: string, error: Error): void;
  /** It counts as dead, and so do its workers. */
  lost(error: Error): void;
}

export interface MembershipNews {
  readonly placed: readonly { readonly worker: string; readonly node: string }[];
  readonly missing: readonly { readonly worker: string; readonly missing: Missing }[];
  /** Nodes that are dead, and how far they may have received what was sent to them. */
  readonly dead: readonly { readonly node: string; readonly reached: number }[];
}

const CLOSE_WITHIN_MS = 2000;
const GO_ON = "go on with workers on nodes";

export class Membership {
  readonly id = Math.random().toString(36).slice(2, 12);
  readonly members: Members;
  readonly #broker: ResolvedBroker;
  readonly #events: MembershipEvents;
  readonly #connection: Connection;
  #party: Party | undefined;
  #lease: Lease | undefined;
  /** Nodes that were sent something, until they are gone: their lines are kept as long. */
  readonly #known = new Set<string>();
  /** Nodes whose lines broke. */
  readonly #suspects = new Map<string, Error>();
  #isOver = false;
  /** Runs while the broker is away. */
  #awayTimer: NodeJS.Timeout | undefined;

  private constructor(broker: ResolvedBroker, events: MembershipEvents) {
    this.#broker = broker;
    this.#events = events;
    this.#connection = connect(broker, "caller");
    this.members = new Members(this.#connection, broker);
    const { brokerTimeout } = broker;
    const giveUp = (): void => this.#lost(unavailable(broker, GO_ON, `did not answer for ${brokerTimeout} ms`));
    this.#connection.on("close", () => {
      if (!this.#isOver) this.#awayTimer ??= setTimeout(giveUp, brokerTimeout).unref();
    });
    this.#connection.on("ready", () => {
      clearTimeout(this.#awayTimer);
      this.#awayTimer = undefined;
    });
  }

  /** @throws {BrokerUnavailableError} when the broker does not answer */
  static async open(broker: ResolvedBroker, events: MembershipEvents): Promise<Membership> {
    const membership = new Membership(broker, events);
    try {
      await withinTimeout(membership.#join(), broker, "join as a caller");
    } catch (error) {
      membership.#isOver = true;
      void membership.#end();
      throw error;
    }
    return membership;
  }

  /** Sends a node something; returns its position on the line. */
  send(node: string, record: LineRecord): number {
    this.#known.add(node);
    return this.#party!.send(node, record);
  }

  /** Keeps the event loop alive, or not. */
  hold(isHeld: boolean): void {
    hold(this.#connection, isHeld);
    this.#party?.hold(isHeld);
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.hold(true);
    await withinTimeout(
      this.members.leaveOwner(this.id),
      { ...this.#broker, brokerTimeout: CLOSE_WITHIN_MS },
      "",
    ).catch(() => {});
    await this.#end();
  }

  async #join(): Promise<void> {
    await reach(this.#connection, this.#broker, "join as a caller");
    const joinedAt = performance.now();
    await this.members.joinOwner(this.id, { host: hostname(), pid: process.pid });
    const party = await Party.open(this.#broker, this.id, {
      received: (_from, records) => this.#isOver || this.#events.received(records),
      noticed: (notice) => this.#noticed(notice),
      broken: (node, error) => this.#broken(node, error),
      evicted: () => this.#evicted(),
    });
    this.#party = party;
    if (this.#isOver) void party.close(0);
    else {
      const { lease } = this.#broker;
      const options = { lease, connection: this.#connection, beat: (mayReap: boolean) => this.#beat(mayReap) };
      this.#lease = new Lease({ ...options, lost: () => this.#evicted() }, joinedAt);
    }
  }

  #noticed(notice: unknown): void {
    const news = readNotice(notice);
    if (!news || this.#isOver) return;
    if ("placed" in news) this.#events.heard({ placed: [news.placed], missing: [], dead: [] });
    else this.#died([news.dead]);
  }

  /** Their lines may have broken before: only now it is known how far they got. */
  #died(nodes: readonly { readonly node: string; readonly lastDelivered: string }[]): void {
    const party = this.#party!;
    const dead = nodes.map(({ node, lastDelivered }) => ({ node, reached: party.reached(node, lastDelivered) }));
    for (const { node } of dead) {
      party.forget(node);
      this.#known.delete(node);
      this.#suspects.delete(node);
    }
    this.#events.heard({ placed: [], missing: [], dead });
  }

  /** A line breaks also because its node is dead: the next beat tells, and how much of what was sent it may have got. */
  #broken(node: string, error: Error): void {
    if (this.#isOver) return;
    this.#suspects.set(node, error);
    this.#lease?.beatSoon();
  }

  async #beat(mayReap: boolean): Promise<boolean> {
    const suspects = [...this.#suspects];
    const { isMember, dead, placed, missing } = await this.members.beatOwner(
      this.id,
      [...this.#known],
      this.#events.waiting(),
      mayReap,
    );
    if (!isMember || this.#isOver) return isMember;
    this.#events.heard({ placed, missing, dead: [] });
    if (dead.length > 0) this.#died(dead);
    for (const [node, error] of suspects) {
      if (this.#suspects.get(node) !== error) continue;
      this.#suspects.delete(node);
      this.#events.broken(node, error);
    }
    return true;
  }

  #evicted(): void {
    const why = `has counted this program as dead, as it was silent for ${this.#broker.lease} ms, or lost what it knew of it`;
    this.#lost(new Error(`Cannot ${GO_ON} as the broker ${why}`));
  }

  #lost(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.lost(error);
    void this.#end();
  }

  async #end(): Promise<void> {
    this.#lease?.stop();
    clearTimeout(this.#awayTimer);
    await this.#party?.close(CLOSE_WITHIN_MS);
    this.#connection.disconnect();
  }
}
