/**
 * What a program has of a broker as a caller: its links to workers on nodes.
 *
 * Owns the links and the membership; opens it for the first link, closes it a moment after the last.
 *
 * G1. Every link that asked for a place is told of one, of what is missing, or that none can be asked for.
 * G2. A membership that was lost takes all its links with it; the next link opens another.
 * G3. An idle cluster keeps no program running; one that ends says goodbye, so that its workers are not kept for it.
 */
import type { ResolvedBroker } from "../../config/broker.js";
import { processWide } from "../../config/process-wide.js";
import type { HostSetup } from "../../modes/executor.js";
import type { VesselEvents } from "../../modes/remote-host.js";
import { findRegistration } from "../../registry.js";
import { ENCODING_VERSION } from "../../wire/codec/entry-buffer.js";
import { serialize } from "../../wire/serialize.js";
import { withinTimeout } from "../broker/within.js";
import { definitionFor } from "../../definitions/definition.js";
import type { NodeView } from "../members/members.js";
import type { Missing } from "../members/missing.js";
import { Link, type LinkOwner } from "./link.js";
import { Membership } from "./membership.js";
import { roomFor, type Wanted } from "./room.js";

const LINGER_MS = 1000;

/** The versions of our encoding and of V8's serialization: one side cannot read what another one writes. */
export const FORMAT = ENCODING_VERSION * 0x100 + serialize(0)[1]!;

const clusters = processWide("clusters", () => new Map<string, Cluster>());

/** The one for a broker. */
export function clusterOf(broker: ResolvedBroker): Cluster {
  const key = JSON.stringify(broker);
  let cluster = clusters.get(key);
  if (!cluster) clusters.set(key, (cluster = new Cluster(broker)));
  return cluster;
}

export class Cluster implements LinkOwner {
  readonly #broker: ResolvedBroker;
  readonly #token = Math.random().toString(36).slice(2, 10);
  #count = 0;
  readonly #links = new Map<string, Link>();
  /** Those that have no place yet. */
  readonly #waiting = new Set<Link>();
  readonly #held = new Set<Link>();
  readonly #watchers = new Set<(nodes: readonly NodeView[]) => void>();
  #membership: Promise<Membership> | undefined;
  /** The same once it is there. */
  #current: Membership | undefined;
  #linger: NodeJS.Timeout | undefined;
  readonly #goodbye = (): void => {
    this.#lose("disconnected", undefined, Infinity, () => true);
    void this.#close();
  };

  constructor(broker: ResolvedBroker) {
    this.#broker = broker;
  }

  open(setup: HostSetup, events: VesselEvents): Link {
    const { name, version } = definitionFor(findRegistration(setup.start.blueprint.key)!);
    this.#count += 1;
    const link = new Link(this, `${this.#token}-${this.#count}`, setup, { name, version }, events);
    clearTimeout(this.#linger);
    this.#links.set(link.id, link);
    return link;
  }

  /** Tells how many workers of a kind there is room for, each time that changes, until what is returned is called. */
  watchRoom(wanted: Wanted, onRoom: (workers: number) => void): () => void {
    let last: number | undefined;
    const watcher = (nodes: readonly NodeView[]): void => {
      const room = roomFor(wanted, nodes);
      if (room === last) return;
      last = room;
      onRoom(room);
    };
    this.#watchers.add(watcher);
    if (this.#current) void this.#look(this.#current);
    return () => this.#watchers.delete(watcher);
  }

  /** Looks at all nodes, for who wants to know what room they have. */
  async #look(membership: Membership): Promise<void> {
    if (this.#watchers.size === 0) return;
    const nodes = await membership.members.nodes().catch(() => undefined);
    if (nodes && this.#current === membership) for (const watcher of this.#watchers) watcher(nodes);
  }

  place(link: Link): void {
    void this.#place(link);
  }

  async #place(link: Link): Promise<void> {
    try {
      const membership = await this.#join();
      if (link.isClosed) return;
      const request = link.request(membership.id, FORMAT);
      const asked = membership.members.place(request);
      const placement = await withinTimeout(asked, this.#broker, `place a worker of '${request.name}'`);
      if (link.isClosed) this.withdraw(link);
      else if ("node" in placement) link.placed(placement.node);
      else if (link.node === undefined) this.#waits(link, placement.missing);
    } catch (error) {
      if (!link.isClosed) link.failed(error);
    }
  }

  #waits(link: Link, missing: Missing): void {
    this.#waiting.add(link);
    link.waits(missing.text);
  }

  withdraw(link: Link): void {
    this.#waiting.delete(link);
    this.#current?.members.withdraw(link.id).catch(() => {});
  }

  send(node: string, link: string, kind: number, payload: Uint8Array): number {
    return this.#current!.send(node, { link, kind, payload });
  }

  closed(link: Link): void {
    this.#links.delete(link.id);
    // Also what has ended: it is not asked for again when the broker comes back.
    this.withdraw(link);
    this.held(link, false);
    if (this.#links.size > 0) return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => void this.#close(), LINGER_MS).unref();
  }

  held(link: Link, isHeld: boolean): void {
    if (isHeld && !link.isClosed) this.#held.add(link);
    else this.#held.delete(link);
    this.#current?.hold(this.#held.size > 0);
  }

  async #join(): Promise<Membership> {
    if (!this.#membership) {
      const joining = this.#openMembership();
      this.#membership = joining;
      joining.catch(() => {
        if (this.#membership === joining) this.#membership = undefined;
      });
    }
    return this.#membership;
  }

  async #openMembership(): Promise<Membership> {
    const membership = await Membership.open(this.#broker, {
      waiting: () => [...this.#waiting].map(({ id }) => id),
      heard: ({ placed, missing, dead }) => {
        for (const { worker, node } of placed) this.#placed(worker, node);
        for (const { worker, missing: what } of missing) this.#missing(worker, what);
        for (const { node, reached } of dead) this.#lose("node-lost", undefined, reached, (link) => link.node === node);
      },
      received: (records) => {
        for (const { link, kind, payload } of records) this.#links.get(link)?.received(kind, payload);
      },
      broken: (node, error) => {
        // It has heard of it, too; should it not, nothing may go on there that is replaced.
        for (const link of this.#links.values()) if (link.node === node) link.kill();
        this.#lose("disconnected", error, Infinity, (link) => link.node === node);
      },
      lost: (error) => {
        process.off("beforeExit", this.#goodbye);
        this.#membership = undefined;
        this.#current = undefined;
        this.#lose("disconnected", error, Infinity, () => true);
      },
    });
    this.#current = membership;
    membership.hold(this.#held.size > 0);
    process.once("beforeExit", this.#goodbye);
    void this.#look(membership);
    const looking = setInterval(() => {
      if (this.#current === membership) void this.#look(membership);
      else clearInterval(looking);
    }, this.#broker.lease / 2).unref();
    return membership;
  }

  #placed(worker: string, node: string): void {
    const link = this.#links.get(worker);
    if (!link) return;
    this.#waiting.delete(link);
    link.placed(node);
  }

  #missing(worker: string, missing: Missing): void {
    const link = this.#links.get(worker);
    if (link && link.node === undefined) link.waits(missing.text);
  }

  #lose(
    reason: "node-lost" | "disconnected",
    cause: unknown,
    reached: number,
    isAffected: (link: Link) => boolean,
  ): void {
    for (const link of [...this.#links.values()].filter((one) => isAffected(one)))
      link.lost({ reason }, cause, reached);
  }

  async #close(): Promise<void> {
    const { id } = this.#current ?? {};
    if (id === undefined || this.#held.size > 0) return;
    const membership = this.#current!;
    process.off("beforeExit", this.#goodbye);
    this.#membership = undefined;
    this.#current = undefined;
    await membership.close();
  }
}
