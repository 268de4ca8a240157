/**
 * The way of this process to the tasks of one broker: one for all tasks, opened by the first call.
 *
 * Owns two connections, one for commands and one on which results arrive, and the jobs that leave together at the end of
 * this turn. Does not own who waits for results (`Waits`).
 *
 * T1. While something is under way the connections keep the program running, and else not.
 * T2. Nothing waits longer than `brokerTimeout` for a broker that is away or takes nothing: then the client is closed, what
 *     waits fails, nothing is sent later that was reported as failed, and the next call opens another client.
 * T3. Jobs leave in the order in which they were made.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { BrokerUnavailableError } from "../../errors.js";
import { connect, type Connection } from "../broker/connection.js";
import { type Keys, keysOf } from "../broker/keys.js";
import { reach } from "../broker/reach.js";
import { unavailable } from "../broker/within.js";
import type { ResolvedBroker } from "../../config/broker.js";
import { hidePassword } from "../../config/broker.js";
import type { Script } from "../broker/script.js";
import { type EngineQueue, type NewJob, openQueue } from "./engine.js";
import { queueOfId } from "./job.js";
import { scriptKeys } from "./scripts.js";
import { Unserved } from "./unserved.js";
import { Waits } from "./waits.js";

/** A connection with the socket under it, and what a subscriber has. */
interface Line extends Connection {
  setMaxListeners?(count: number): unknown;
  readonly stream?: { ref(): unknown; unref(): unknown };
  on(event: "messageBuffer", listener: (channel: Buffer, message: Buffer) => void): unknown;
  on(event: "ready" | "close" | "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

interface Waiting {
  readonly job: NewJob;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Errors that pass by themselves. */
const PASSING = /^(?:OOM|LOADING|MISCONF|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|BUSY|NOREPLICAS) /;
/** Those that a server gives to whom it does not let in; scripts say the second of what they may not do. */
const REFUSED = /^(?:NOPERM|NOAUTH|WRONGPASS|DENIED) |ACL failure in script/;
const PAUSE_MS = 100;

const clients = new Map<string, TaskClient>();

export class TaskClient {
  readonly id = randomUUID();
  readonly broker: ResolvedBroker;
  readonly waits: Waits;
  readonly #keys: Keys;
  readonly #commands: Line;
  readonly #replies: Line;
  readonly #queues = new Map<string, EngineQueue>();
  readonly #unserved: Unserved;
  #batch = new Map<string, Waiting[]>();
  #busy = 0;
  #lastError: Error | undefined;
  /** Whether the broker can be used, and tells us of results. */
  readonly #isReached: Promise<void>;
  #isClosed = false;
  readonly #onClose = new Set<(cause: unknown) => void>();

  /** The one of this broker. */
  static of(broker: ResolvedBroker): TaskClient {
    const key = JSON.stringify(broker);
    let client = clients.get(key);
    if (!client) clients.set(key, (client = new TaskClient(broker, () => clients.delete(key))));
    return client;
  }

  /** Closes all of this process. What waits fails. */
  static closeAll(): void {
    for (const client of clients.values()) client.#close(new Error("The client was closed"));
  }

  private constructor(broker: ResolvedBroker, forget: () => void) {
    this.broker = broker;
    this.#keys = keysOf(broker.prefix);
    this.#commands = connect(broker, "tasks") as Line;
    this.#replies = connect(broker, "results") as Line;
    this.waits = new Waits(this);
    this.#unserved = new Unserved(this.#commands, broker);
    this.#onClose.add(forget);
    for (const line of [this.#commands, this.#replies]) {
      // One for each queue, beside ours.
      line.setMaxListeners?.(0);
      line.on("error", (error) => (this.#lastError = error));
      line.on("close", () => {
        // What nobody needs is not reached for again: its timers would keep the program running (T1).
        if (this.#busy === 0) this.#close(new Error("The connection was lost"));
      });
      line.on("ready", () => this.#hold());
    }
    this.#replies.on("ready", () => this.waits.look(true));
    this.#replies.on("messageBuffer", (_channel, message) => this.waits.arrived(message));
    this.#isReached = this.#reach();
    // Whoever waits for it is told why; the next call tries anew.
    this.#isReached.catch((error: Error) => this.#close(error));
  }

  async #reach(): Promise<void> {
    await reach(this.#commands, this.broker, "use tasks");
    await this.#replies.call("SUBSCRIBE", this.#keys.of("reply", this.id));
  }

  /** Whether what is sent now may arrive. */
  get isUp(): boolean {
    return this.#commands.status === "ready" && this.#replies.status === "ready";
  }

  /** Sends a job, together with the others of this turn; resolves when the broker has it. */
  async add(job: NewJob, id: string): Promise<void> {
    await this.run(`delay '${job.name}'`, async () => {
      await this.#isReached;
      await new Promise<void>((resolve, reject) => {
        const queue = queueOfId(id);
        let batch = this.#batch.get(queue);
        if (!batch) {
          if (this.#batch.size === 0) process.nextTick(() => this.#flush());
          this.#batch.set(queue, (batch = []));
        }
        batch.push({ job, resolve, reject });
      });
    });
  }

  /** Runs a script, again as long as the broker takes nothing. */
  async script(action: string, script: Script, args: readonly (string | number)[]): Promise<unknown> {
    return this.run(action, async () => {
      await this.#isReached;
      const fixed = scriptKeys(this.#keys);
      return script.run(this.#commands, fixed.keys, [...fixed.args, ...args]);
    });
  }

  async publish(part: string, message: object): Promise<void> {
    await this.run("publish", async () => {
      await this.#commands.call("PUBLISH", this.#keys.of(part), JSON.stringify(message));
    });
  }

  queue(name: string): EngineQueue {
    let queue = this.#queues.get(name);
    if (!queue) this.#queues.set(name, (queue = openQueue(name, this.#commands, this.#keys.queues)));
    return queue;
  }

  /** Does something that needs the broker, for at most `brokerTimeout` (T2). */
  async run<T>(action: string, step: () => Promise<T>): Promise<T> {
    this.hold();
    let refusal: unknown;
    let stop!: (cause: unknown) => void;
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = (cause) => reject(this.unavailable(action, cause));
    });
    // Nobody listens to it while the broker refuses.
    stopped.catch(() => {});
    const timer = setTimeout(() => (refusal ? stop(refusal) : this.giveUp()), this.broker.brokerTimeout);
    if (this.#isClosed) stop(new Error("The connection was lost"));
    this.#onClose.add(stop);
    try {
      for (;;) {
        try {
          return await Promise.race([step(), stopped]);
        } catch (error) {
          if (!PASSING.test((error as Error).message)) throw isRefusal(error) ? this.unavailable(action, error) : error;
          refusal = error;
          await Promise.race([pause(PAUSE_MS), stopped]);
        }
      }
    } finally {
      clearTimeout(timer);
      this.#onClose.delete(stop);
      this.release();
    }
  }

  /** Keeps the program running until `release` (T1). */
  hold(): void {
    this.#busy += 1;
    if (this.#busy === 1) this.#hold();
  }

  release(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#hold();
  }

  /** Closes it as the broker was away for too long. */
  giveUp(): void {
    this.#close(this.#lastError ?? new Error("It did not answer"));
  }

  unavailable(action: string, cause: unknown): BrokerUnavailableError {
    if (cause instanceof BrokerUnavailableError) return cause;
    if (isRefusal(cause)) return unavailable(this.broker, action, `refused it: ${cause.message}`, cause);
    const { url, brokerTimeout } = this.broker;
    return new BrokerUnavailableError(
      `Cannot ${action} as the broker ${String(hidePassword(url))} was away, or took nothing, for ${brokerTimeout} ms ` +
        `(${(cause as Error).message || (cause as NodeJS.ErrnoException).code || "no answer"}): start it, or free its memory`,
      { cause },
    );
  }

  unbegun(id: string): void {
    this.#unserved.waits(id);
  }

  #hold(): void {
    for (const { stream } of [this.#commands, this.#replies]) {
      if (this.#busy > 0) stream?.ref();
      else stream?.unref();
    }
  }

  #flush(): void {
    const batches = this.#batch;
    this.#batch = new Map();
    for (const [queue, batch] of batches) {
      this.queue(queue)
        .addBulk(batch.map(({ job }) => job))
        .then(
          () => {
            for (const { resolve } of batch) resolve();
          },
          (error: unknown) => {
            for (const { reject } of batch) reject(error);
          },
        );
    }
  }

  #close(cause: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const fail of this.#onClose) fail(cause);
    this.waits.fail(cause);
    this.#commands.disconnect();
    this.#replies.disconnect();
  }
}

function isRefusal(error: unknown): error is Error {
  return REFUSED.test((error as Error).message);
}
