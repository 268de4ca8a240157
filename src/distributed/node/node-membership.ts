/**
 * One membership of a node, from joining until it leaves or is reaped: its lines to callers and its lease.
 *
 * S1. `lost` is told once, and nothing else after it.
 * S2. Nothing is told before it has its lease: callers may write as soon as they can see the node.
 */
import type { ResolvedBroker } from "../../config/broker.js";
import { type LeaseEnd, leaseEnd, leaseNow } from "../../host/lease.js";
import { connect, type Connection } from "../broker/connection.js";
import { reach } from "../broker/reach.js";
import { unavailable, withinTimeout } from "../broker/within.js";
import type { LineRecord } from "../line/frame.js";
import { Party } from "../line/party.js";
import { Lease } from "../members/lease.js";
import { Members, type NodeFacts } from "../members/members.js";

/** What a membership asks and tells its node. */
export interface NodeMembershipEvents {
  /** Whose workers the node has. */
  owners(): readonly string[];
  /** The lease was renewed: until when calls may begin. */
  renewed(end: LeaseEnd): void;
  /** These owners are dead. */
  ownersDied(owners: readonly string[]): void;
  received(from: string, records: readonly LineRecord[], membership: NodeMembership): void;
  /** All that is on its way to and from this owner is lost. */
  broken(owner: string, error: Error): void;
  lost(): void;
  /** The connection to the broker went, or came back. */
  connection(isUp: boolean): void;
}

const CLOSE_WITHIN_MS = 2000;
const RELEASE_AGAIN_MS = 500;

export class NodeMembership {
  readonly facts: NodeFacts;
  readonly members: Members;
  readonly #broker: ResolvedBroker;
  readonly #events: NodeMembershipEvents;
  readonly #connection: Connection;
  #party: Party | undefined;
  #lease: Lease | undefined;
  /** What arrived before the lease was there (S2). */
  #early: (() => void)[] | undefined = [];
  #isOver = false;

  private constructor(broker: ResolvedBroker, facts: NodeFacts, events: NodeMembershipEvents) {
    this.facts = facts;
    this.#broker = broker;
    this.#events = events;
    this.#connection = connect(broker, "node");
    this.members = new Members(this.#connection, broker);
    let isUp = true;
    const changed = (now: boolean) => (): void => {
      if (this.#isOver || isUp === now || !this.#lease) return;
      isUp = now;
      events.connection(now);
    };
    this.#connection.on("close", changed(false));
    this.#connection.on("ready", changed(true));
  }

  /** @throws {BrokerUnavailableError} when the broker does not answer */
  static async open(broker: ResolvedBroker, facts: NodeFacts, events: NodeMembershipEvents): Promise<NodeMembership> {
    const membership = new NodeMembership(broker, facts, events);
    try {
      await withinTimeout(membership.#join(), broker, "join as a node");
    } catch (error) {
      await membership.#end(0);
      throw error;
    }
    return membership;
  }

  get id(): string {
    return this.facts.id;
  }

  /** Until when calls may begin. */
  get leaseEnd(): LeaseEnd {
    return leaseEnd(leaseNow(), this.#lease!.validUntil - performance.now());
  }

  send(owner: string, link: string, kind: number, payload: Uint8Array): void {
    this.#party?.send(owner, { link, kind, payload });
  }

  /** Forgets an owner that is dead. */
  forget(owner: string): void {
    this.#party?.forget(owner);
  }

  /** Gives back the room of a worker that is gone, as soon as the broker takes it. */
  async release(worker: string): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.members.release(worker, this.id);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RELEASE_AGAIN_MS).unref());
      }
    }
  }

  /** Takes no more workers. */
  async drain(): Promise<void> {
    await withinTimeout(this.members.closeNode(this.id), this.#quick, "close a node").catch(() => {});
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#lease?.stop();
    // What was said last must arrive before others learn that the node is gone.
    await this.#party?.flush(CLOSE_WITHIN_MS);
    await withinTimeout(this.members.leaveNode(this.id), this.#quick, "leave as a node").catch(() => {});
    await this.#end(CLOSE_WITHIN_MS);
  }

  get #quick(): ResolvedBroker {
    return { ...this.#broker, brokerTimeout: CLOSE_WITHIN_MS };
  }

  async #join(): Promise<void> {
    await reach(this.#connection, this.#broker, "join as a node");
    const joinedAt = performance.now();
    const { id } = this.facts;
    this.#party = await Party.open(this.#broker, id, {
      received: (from, records) => this.#hear(() => this.#events.received(from, records, this)),
      noticed: () => {},
      broken: (owner, error) => this.#hear(() => this.#events.broken(owner, error)),
      evicted: () => this.#lost(),
    });
    await this.members.joinNode(this.facts);
    if (this.#isOver) throw unavailable(this.#broker, "join as a node", "lost at once what it knew of it");
    this.#lease = new Lease(
      {
        lease: this.#broker.lease,
        connection: this.#connection,
        beat: (mayReap) => this.#beat(mayReap),
        lost: () => this.#lost(),
      },
      joinedAt,
    );
    const early = this.#early!;
    this.#early = undefined;
    for (const tell of early) this.#hear(tell);
  }

  #hear(tell: () => void): void {
    if (this.#early) this.#early.push(tell);
    else if (!this.#isOver) tell();
  }

  async #beat(mayReap: boolean): Promise<boolean> {
    const sentAt = leaseNow();
    const { isMember, deadOwners } = await this.members.beatNode(this.id, this.#events.owners(), mayReap);
    if (!isMember || this.#isOver) return isMember;
    this.#events.renewed(leaseEnd(sentAt, this.#broker.lease));
    if (deadOwners.length > 0) this.#events.ownersDied(deadOwners);
    return true;
  }

  #lost(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#early) return;
    this.#events.lost();
    void this.#end(0);
  }

  async #end(within: number): Promise<void> {
    this.#isOver = true;
    this.#lease?.stop();
    await this.#party?.close(within);
    this.#connection.disconnect();
  }
}
