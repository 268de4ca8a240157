/**
 * A node: gives room to workers of callers, and tells them and their callers apart.
 *
 * Owns the workers and the membership. No code of the user's runs in its event loop, but for loading their modules.
 *
 * A1. Only definitions that were loaded here run, in the version that the caller has, and only their methods.
 * A2. No worker outlives its owner, nor the membership that it was placed in.
 * A3. The room of a worker is given back when it is gone, and its owner is told.
 * A4. Whatever arrives, the node goes on: what cannot be read is refused, or ends the worker that it was for.
 */
import { DefinitionError } from "../../errors.js";
import type { LeaseEnd } from "../../host/lease.js";
import { sourceOf } from "../../pool/open-pool.js";
import { type TaskDirectory, taskRunner } from "../../task-runner.js";
import { encodeFailure } from "../../wire/error-codec.js";
import { serialize } from "../../wire/serialize.js";
import type { Definition } from "../../definitions/definition.js";
import type { LineRecord } from "../line/frame.js";
import type { NodeFacts } from "../members/members.js";
import { type Ending, type Opening, readOpening, ToNode, ToOwner } from "../records.js";
import { HostedWorker } from "./hosted-worker.js";
import type { NodeEvent } from "./node-event.js";
import { NodeMembership } from "./node-membership.js";
import type { ResolvedNode } from "./node-options.js";

const REJOIN_AFTER_MS = 500;
/** How long threads and processes that were killed may take to be gone, in ms. */
const END_WITHIN_MS = 2000;
const NOTHING = new Uint8Array();

export class Agent {
  readonly #options: ResolvedNode;
  readonly #definitions: ReadonlyMap<string, Definition>;
  readonly #describe: () => NodeFacts;
  readonly #workers = new Map<string, HostedWorker>();
  /** Who has, or had, workers here and has not ended: what is known of the line to them is kept as long. */
  readonly #owners = new Set<string>();
  #membership: NodeMembership | undefined;
  #isStopping = false;
  #rejoining: Promise<void> | undefined;
  #onEmpty: (() => void)[] = [];

  /** @param describe - says what it is, under a new id each time */
  constructor(options: ResolvedNode, definitions: ReadonlyMap<string, Definition>, describe: () => NodeFacts) {
    this.#options = options;
    this.#definitions = definitions;
    this.#describe = describe;
  }

  get facts(): NodeFacts {
    return this.#membership!.facts;
  }

  /** @throws {BrokerUnavailableError} when the broker does not answer */
  async join(): Promise<void> {
    const membership = await NodeMembership.open(this.#options.broker, this.#describe(), {
      owners: () => [...this.#owners],
      renewed: (end) => this.#renew(end),
      ownersDied: (owners) => {
        for (const owner of owners) this.#ownerDied(owner);
      },
      received: (from, records, itself) => {
        for (const record of records) this.#received(itself, from, record);
      },
      broken: (owner) => {
        for (const worker of this.#workersOf(owner)) worker.kill({ reason: "disconnected" });
      },
      lost: () => this.#fenced(),
      connection: (isUp) => this.#tell({ kind: isUp ? "broker-back" : "broker-away" }),
    });
    this.#membership = membership;
    if (this.#isStopping) await membership.close();
    else this.#tell({ kind: "ready", id: membership.id });
  }

  /** Takes no more workers, and lets those that it has end: until all have, or for so many ms. */
  async drain(timeout: number): Promise<void> {
    this.#isStopping = true;
    this.#tell({ kind: "stopping", workers: this.#workers.size });
    await this.#rejoined(timeout);
    const membership = this.#membership!;
    await membership.drain();
    for (const { owner, link } of this.#workers.values()) membership.send(owner, link, ToOwner.retire, NOTHING);
    await this.#untilEmpty(timeout);
  }

  /** Ends all workers, and leaves. */
  async end(): Promise<void> {
    this.#isStopping = true;
    for (const worker of this.#workers.values()) worker.kill({ reason: "node-lost" });
    await Promise.all([this.#untilEmpty(END_WITHIN_MS), this.#rejoined(END_WITHIN_MS)]);
    await this.#membership?.close();
  }

  #received(membership: NodeMembership, owner: string, { link, kind, payload }: LineRecord): void {
    this.#owners.add(owner);
    if (kind === ToNode.open) {
      this.#open(membership, owner, link, payload);
      return;
    }
    const worker = this.#workers.get(link);
    if (worker?.owner !== owner) {
      // It never came to be: whoever wants it gone must hear that it is.
      if (kind === ToNode.end) this.#ended(membership, owner, link, { reason: "terminated" });
      return;
    }
    if (kind === ToNode.data) worker.tell(payload);
    else if (kind === ToNode.leave) worker.leave();
    else if (kind === ToNode.end) worker.kill({ reason: "terminated" });
  }

  #open(membership: NodeMembership, owner: string, link: string, payload: Uint8Array): void {
    if (this.#workers.has(link)) return;
    if (this.#isStopping) {
      this.#ended(membership, owner, link, { reason: "node-lost" });
      return;
    }
    try {
      const opening = readOpening(payload);
      this.#launch(membership, owner, link, opening, this.#find(opening));
    } catch (error) {
      this.#workers.delete(link);
      membership.send(owner, link, ToOwner.refused, serialize(encodeFailure(error, () => false)));
      void membership.release(link);
    }
  }

  #launch(membership: NodeMembership, owner: string, link: string, opening: Opening, definition: Definition): void {
    const worker = new HostedWorker(link, owner, definition.name);
    this.#workers.set(link, worker);
    worker.launch(this.#withTasks(opening, definition), definition, methodNames(definition), membership.leaseEnd, {
      said: (bytes) => membership.send(owner, link, ToOwner.data, bytes),
      exited: (ending) => {
        if (this.#workers.get(link) === worker) this.#workers.delete(link);
        membership.send(owner, link, ToOwner.exited, serialize(ending));
        void membership.release(link);
        this.#tell({ kind: "worker-ended", worker: link, name: worker.name, owner, ...ending.details });
        if (this.#workers.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
      },
    });
    this.#tell({ kind: "worker-started", worker: link, name: worker.name, owner });
  }

  /** What runs the functions of a `TaskPool` is told of the tasks that this node has. */
  #withTasks(opening: Opening, { registration }: Definition): Opening {
    if (registration !== taskRunner) return opening;
    const tasks = [...this.#definitions.values()].filter(({ kind }) => kind === "task");
    const directory: TaskDirectory = Object.fromEntries(
      tasks.map(({ name, version, registration: { key, url } }) => [name, { key, url, name, version }]),
    );
    const { start } = opening;
    return { ...opening, start: { ...start, blueprint: { ...start.blueprint, constructorArgs: [directory] } } };
  }

  #ended(membership: NodeMembership, owner: string, link: string, details: Ending["details"]): void {
    const ending: Ending = { details, cause: undefined, begun: 0 };
    membership.send(owner, link, ToOwner.exited, serialize(ending));
    void membership.release(link);
  }

  /** @throws {DefinitionError} for what this node cannot run (A1) */
  #find({ name, version, start }: Opening): Definition {
    const definition = this.#definitions.get(name);
    const { name: node } = this.#options;
    if (!definition) {
      throw new DefinitionError(
        `Cannot start '${name}' on node '${node}' as it knows none: name its module to the node`,
      );
    }
    const own = methodNames(definition);
    const asked = start.blueprint.methods;
    if (version !== definition.version || asked.length !== own.length || asked.some((one, at) => one !== own[at])) {
      throw new DefinitionError(
        `Cannot start '${name}' on node '${node}' as it has another version of it: ${definition.version} there, ` +
          `${version} here: give both the same code, or a definition a version that says when it changed`,
      );
    }
    return definition;
  }

  #renew(end: LeaseEnd): void {
    for (const worker of this.#workers.values()) worker.renew(end);
  }

  #ownerDied(owner: string): void {
    this.#owners.delete(owner);
    for (const worker of this.#workersOf(owner)) worker.kill({ reason: "terminated" });
    this.#membership?.forget(owner);
  }

  #workersOf(owner: string): HostedWorker[] {
    return [...this.#workers.values()].filter((worker) => worker.owner === owner);
  }

  /** Others count this node as dead, and its workers may live elsewhere by now (A2). */
  #fenced(): void {
    const workers = this.#workers.size;
    for (const worker of this.#workers.values()) worker.kill({ reason: "node-lost" });
    this.#owners.clear();
    this.#tell({ kind: "fenced", workers });
    if (!this.#isStopping) this.#rejoining = this.#rejoin();
  }

  async #rejoin(): Promise<void> {
    // What it gives must be free again.
    await this.#untilEmpty(END_WITHIN_MS);
    this.#workers.clear();
    while (!this.#isStopping) {
      try {
        await this.join();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, REJOIN_AFTER_MS));
      }
    }
  }

  /** Joining anew is over, or takes too long. */
  async #rejoined(within: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, within)));
    await Promise.race([this.#rejoining, late]);
    clearTimeout(timer);
  }

  async #untilEmpty(timeout: number): Promise<void> {
    if (this.#workers.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#onEmpty.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #tell(event: Pick<NodeEvent, "kind"> & Readonly<Record<string, unknown>>): void {
    this.#options.onEvent({ at: Date.now(), ...event });
  }
}

function methodNames({ registration }: Definition): string[] {
  return sourceOf(registration).methods.map(({ name }) => name);
}
