/**
 * Who is there, what room they have, and who waits for room: a thin class over scripts; the state is in the broker, see
 * `scripts/shared.ts`. It owns only what it asked for on behalf of the owners of this process, so that it can say it again
 * after the server lost something.
 *
 * M1. An owner uses one `Members` only: what that one does not know of is taken away after the server was lost.
 * M2. Of one worker, nothing is withdrawn before the answer to its placement has come.
 * M3. Every call may be sent twice and does no harm.
 */
import type { Connection } from "../broker/connection.js";
import { keysOf } from "../broker/keys.js";
import type { ResolvedBroker } from "../../config/broker.js";
import type { Script } from "../broker/script.js";
import { describeMissing, type Missing, type Survey } from "./missing.js";
import { type Amounts, givenAmounts, type Need, needOf } from "./need.js";
import { type MemberNotice, readNotice } from "./notice.js";
import { BEAT_NODE, CLOSE_NODE, JOIN_NODE, LEAVE_NODE } from "./scripts/node-scripts.js";
import { BEAT_OWNER, JOIN_OWNER, LEAVE_OWNER } from "./scripts/owner-scripts.js";
import { PLACE, REMOVE, RESTORE } from "./scripts/place-scripts.js";
import { memberKeys } from "./scripts/shared.js";
import { VIEW_NODES, VIEW_OWNERS, VIEW_WAITING } from "./scripts/view-scripts.js";
import { type Shape, shapeText } from "./shape.js";

/** What a node says of itself. */
export interface NodeFacts extends Need {
  /** Never used again after the node is gone. */
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  /** Name of a definition → its version. */
  readonly definitions: Readonly<Record<string, string>>;
  /** The version of Node. */
  readonly node: string;
  /** The version of this library. */
  readonly version: string;
  /** The format of messages. */
  readonly format: number;
  /** In ms since 1970. */
  readonly startedAt: number;
  readonly queues: readonly string[];
}

/** A worker that wants a place. */
export interface PlaceRequest {
  readonly worker: string;
  readonly owner: string;
  readonly need: Need;
  readonly name: string;
  readonly version: string;
  readonly format: number;
}

export type Placement = { readonly node: string } | { readonly missing: Missing };

/** A node as others see it. */
export interface NodeView extends NodeFacts {
  readonly free: Need;
  /** Whether it takes no more workers. */
  readonly draining: boolean;
  /** In ms; below zero it is silent and about to be reaped. */
  readonly leaseLeft: number;
  readonly workers: readonly {
    readonly id: string;
    readonly name: string;
    readonly owner: string;
    readonly need: Need;
  }[];
}

/** An owner as others see it. */
export interface OwnerView {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** When it joined, in ms since 1970 by the clock of the server. */
  readonly since: number;
  /** In ms. */
  readonly leaseLeft: number;
  /** How many of its workers are placed or wait. */
  readonly workers: number;
}

/** Workers that wait, of one definition and one need. */
export interface WaitingView {
  readonly name: string;
  readonly version: string;
  readonly need: Need;
  readonly count: number;
  readonly missing: Missing;
}

/** What a beat tells an owner. */
export interface OwnerNews {
  /** False when it was reaped. */
  readonly isMember: boolean;
  /** Of the nodes asked about, those that are gone, and the last entry of its inbox that each may have received. */
  readonly dead: readonly { readonly node: string; readonly lastDelivered: string }[];
  readonly placed: readonly { readonly worker: string; readonly node: string }[];
  readonly missing: readonly { readonly worker: string; readonly missing: Missing }[];
}

/** See `BEAT_OWNER`. */
type OwnerAnswer = [
  isMember: number,
  dead: string[],
  placed: string[],
  unknown: string[],
  waiting: string[],
  surveys: string[],
];

interface Wanted {
  readonly request: PlaceRequest;
  readonly shape: string;
  node?: string;
}

export class Members {
  readonly #connection: Connection;
  readonly #lease: number;
  readonly #keys: readonly string[];
  /** By worker: what was asked for and not withdrawn. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #placing = new Map<string, Promise<unknown>>();
  /** Owners whose placements are said again with their next beat, as the server may have lost some. */
  readonly #doubted = new Set<string>();

  constructor(connection: Connection, broker: ResolvedBroker) {
    this.#connection = connection;
    this.#lease = Math.ceil(broker.lease);
    this.#keys = memberKeys(keysOf(broker.prefix));
    connection.on("ready", () => {
      for (const { request } of this.#wanted.values()) this.#doubted.add(request.owner);
    });
  }

  /**
   * Makes a node a member, or changes what it gives and knows.
   * @throws {Error} when a node of that id is gone
   */
  async joinNode(facts: NodeFacts): Promise<void> {
    const room = JSON.stringify(givenAmounts(facts));
    if ((await this.#run(JOIN_NODE, facts.id, JSON.stringify(facts), room, this.#lease)) === 1) return;
    throw new Error(`Cannot join as node '${facts.id}' as a node of that id counts as dead: join under a new id`);
  }

  /**
   * Renews the lease of a node, and reaps whoever is dead.
   * @param owners - whose workers it has; the dead among them come back, until they are no longer listed
   * @returns `isMember: false` when it was itself reaped: it must end its workers, and join anew under a new id
   */
  async beatNode(
    id: string,
    owners: readonly string[],
    mayReap: boolean,
  ): Promise<{ isMember: boolean; deadOwners: string[] }> {
    const answer = await this.#run(BEAT_NODE, id, this.#lease, mayReap ? 1 : 0, JSON.stringify(owners));
    const [isMember, deadOwners] = answer as [number, string[]];
    return { isMember: isMember === 1, deadOwners };
  }

  /** Gives a node no more workers; it keeps its lease and those it has. */
  async closeNode(id: string): Promise<void> {
    await this.#run(CLOSE_NODE, id);
  }

  /** Ends the membership of a node in order: as for a dead one, owners that ask are told. Call it before its inbox goes. */
  async leaveNode(id: string): Promise<void> {
    await this.#run(LEAVE_NODE, id);
  }

  async joinOwner(id: string, about: { host: string; pid: number }): Promise<void> {
    await this.#run(JOIN_OWNER, id, JSON.stringify({ host: about.host, pid: about.pid }), this.#lease);
  }

  /**
   * Renews the lease of an owner, and reaps whoever is dead.
   * @param nodes - those it has workers on
   * @param waiting - its workers that wait for room
   */
  async beatOwner(
    id: string,
    nodes: readonly string[],
    waiting: readonly string[],
    mayReap: boolean,
  ): Promise<OwnerNews> {
    if (this.#doubted.delete(id)) await this.#restore(id);
    const args = [id, this.#lease, mayReap ? 1 : 0, JSON.stringify(nodes), JSON.stringify(waiting)];
    const answer = (await this.#run(BEAT_OWNER, ...args)) as OwnerAnswer;
    const [isMember, dead, placedOn, unknown, waits, surveys] = answer;
    const missingOf = new Map<string, Missing>();
    for (let at = 0; at < surveys.length; at += 3) {
      missingOf.set(surveys[at]!, missing(surveys[at + 1]!, surveys[at + 2]!));
    }
    const news = {
      isMember: isMember === 1,
      dead: pairs(dead).map(([node, lastDelivered]) => ({ node, lastDelivered })),
      placed: pairs(placedOn).map(([worker, node]) => ({ worker, node })),
      missing: pairs(waits).flatMap(([worker, digest]) => {
        const why = missingOf.get(digest);
        return why === undefined ? [] : [{ worker, missing: why }];
      }),
    };
    for (const { worker, node } of news.placed) this.#isPlaced(worker, node);
    for (const { node } of news.dead) this.#isDead(node);
    for (const worker of unknown) {
      const wanted = this.#wanted.get(worker);
      if (wanted === undefined) continue;
      const placement = await this.place(wanted.request);
      if ("node" in placement) news.placed.push({ worker, node: placement.node });
      else news.missing.push({ worker, missing: placement.missing });
    }
    return news;
  }

  /** Ends the membership of an owner in order; nodes end the workers it still has. */
  async leaveOwner(id: string): Promise<void> {
    for (const [worker, { request }] of this.#wanted) if (request.owner === id) this.#wanted.delete(worker);
    await this.#run(LEAVE_OWNER, id);
  }

  /**
   * Places a worker on the node that has the largest share of its room left afterwards, or lets it wait for room in the order
   * of arrival. A worker that waited is placed by a notice to its owner, and by the owner's beats.
   * @throws {Error} when the owner is no member
   */
  async place(request: PlaceRequest): Promise<Placement> {
    const { worker, owner } = request;
    const shape = shapeText(request);
    this.#wanted.set(worker, { request, shape });
    const asked = this.#run(PLACE, worker, owner, shape);
    this.#placing.set(worker, asked);
    try {
      const [node, counts] = (await asked) as [node: string | null | undefined, counts: string];
      if (node === undefined) {
        throw new Error(`Cannot place worker '${worker}' as its owner '${owner}' counts as dead: join anew`);
      }
      if (node === null) return { missing: missing(shape, counts) };
      this.#isPlaced(worker, node);
      return { node };
    } catch (error) {
      this.#wanted.delete(worker);
      throw error;
    } finally {
      if (this.#placing.get(worker) === asked) this.#placing.delete(worker);
    }
  }

  /**
   * For the node a worker ran on: it ended, and its room goes to those that wait.
   * @param node - the worker is left alone when it is meanwhile placed on another node
   */
  async release(worker: string, node = ""): Promise<void> {
    await this.#remove(worker, node);
  }

  /**
   * For its owner: the worker is no longer wanted, whether it waits or is placed. Call it for each that ended, too: what is
   * not withdrawn is placed again when the server lost it.
   */
  async withdraw(worker: string): Promise<void> {
    await this.#remove(worker, "");
  }

  /** Reads what the scripts put into the inbox of an owner; nothing, when it is of someone else. */
  readNotice(notice: unknown): MemberNotice | undefined {
    const read = readNotice(notice);
    if (read === undefined) return undefined;
    if ("placed" in read) this.#isPlaced(read.placed.worker, read.placed.node);
    else this.#isDead(read.dead.node);
    return read;
  }

  /** All nodes, by name. */
  async nodes(): Promise<NodeView[]> {
    const views = (await this.#run(VIEW_NODES)) as [string, string, number, string, string[]][];
    const nodes = views.map(([facts, free, draining, leaseLeft, workers]): NodeView => ({
      ...(JSON.parse(facts) as NodeFacts),
      free: needOf(JSON.parse(free) as Amounts),
      draining: draining === 1,
      leaseLeft: Number(leaseLeft),
      workers: triples(workers).map(([id, owner, shape]) => {
        const [name, , , need] = JSON.parse(shape) as Shape;
        return { id, name, owner, need: needOf(need) };
      }),
    }));
    return nodes.toSorted((a, b) => a.name.localeCompare(b.name) || a.startedAt - b.startedAt);
  }

  /** All owners. */
  async owners(): Promise<OwnerView[]> {
    const views = (await this.#run(VIEW_OWNERS)) as [string, string, string, number][];
    return views.map(([id, about, leaseLeft, workers]) => {
      const { host, pid, since } = JSON.parse(about) as { host: string; pid: number; since: number };
      return { id, host, pid, since, leaseLeft: Number(leaseLeft), workers };
    });
  }

  /** Who waits for room, and why. */
  async waitingFor(): Promise<WaitingView[]> {
    const views = (await this.#run(VIEW_WAITING)) as [string, number, string][];
    return views.map(([shape, count, counts]) => {
      const [name, version, , need] = JSON.parse(shape) as Shape;
      return { name, version, need: needOf(need), count, missing: missing(shape, counts) };
    });
  }

  async #remove(worker: string, node: string): Promise<void> {
    this.#wanted.delete(worker);
    await this.#placing.get(worker)?.catch(() => {});
    await this.#run(REMOVE, worker, node);
  }

  async #restore(owner: string): Promise<void> {
    const mine = [...this.#wanted.values()].filter(({ request }) => request.owner === owner);
    const known = mine.map(({ request }) => request.worker);
    const placed = mine.flatMap(({ request, shape, node }) => (node ? [[request.worker, node, shape]] : []));
    try {
      await this.#run(RESTORE, owner, JSON.stringify(known), JSON.stringify(placed));
    } catch (error) {
      this.#doubted.add(owner);
      throw error;
    }
  }

  #isPlaced(worker: string, node: string): void {
    const wanted = this.#wanted.get(worker);
    if (wanted !== undefined) wanted.node = node;
  }

  /** Its workers are gone, and so is what was asked for on their behalf. */
  #isDead(node: string): void {
    for (const [worker, wanted] of this.#wanted) if (wanted.node === node) this.#wanted.delete(worker);
  }

  #run(script: Script, ...args: (string | number)[]): Promise<unknown> {
    return script.run(this.#connection, this.#keys, args);
  }
}

function missing(shape: string, counts: string): Missing {
  return describeMissing(JSON.parse(shape) as Shape, JSON.parse(counts) as Survey);
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index]!, flat[2 * index + 1]!]);
}

function triples(flat: readonly string[]): [string, string, string][] {
  return Array.from({ length: flat.length / 3 }, (_, index) => [
    flat[3 * index]!,
    flat[3 * index + 1]!,
    flat[3 * index + 2]!,
  ]);
}
