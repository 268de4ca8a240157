/** Says so when tasks are waited for whose queue no node takes from: nothing else would. */
import type { ResolvedBroker } from "../../config/broker.js";
import type { Connection } from "../broker/connection.js";
import { Members } from "../members/members.js";
import { queueOfId } from "./job.js";

/** A node that starts again may be away for so long, in ms. */
const PATIENCE_MS = 10_000;

export class Unserved {
  readonly #connection: Connection;
  readonly #broker: ResolvedBroker;
  /** Queues that have tasks which are waited for, and since when; each is said once, or found to be served. */
  readonly #queues = new Map<string, number>();
  readonly #patience: number;
  #members: Members | undefined;
  #isLooking = false;

  constructor(connection: Connection, broker: ResolvedBroker, patience = PATIENCE_MS) {
    this.#connection = connection;
    this.#broker = broker;
    this.#patience = patience;
  }

  /** This task has not been begun. */
  waits(id: string): void {
    const queue = queueOfId(id);
    const since = this.#queues.get(queue);
    const now = performance.now();
    if (since === undefined) this.#queues.set(queue, now);
    else if (now - since >= this.#patience && !this.#isLooking) void this.#look(id, queue);
  }

  async #look(id: string, queue: string): Promise<void> {
    this.#isLooking = true;
    // However it comes out: not again for this queue.
    this.#queues.set(queue, Number.POSITIVE_INFINITY);
    try {
      this.#members ??= new Members(this.#connection, this.#broker);
      const nodes = await this.#members.nodes();
      if (nodes.some(({ queues }) => queues.includes(queue))) this.#queues.delete(queue);
      else {
        process.emitWarning(
          `Task '${id}' waits as no node takes from the queue '${queue}': start one with 'manyhands node --queue ${queue}'`,
          { type: "TaskWarning", code: "MH_UNSERVED" },
        );
      }
    } catch {
      // The broker is away: those who wait are told of that.
      this.#queues.delete(queue);
    } finally {
      this.#isLooking = false;
    }
  }
}
