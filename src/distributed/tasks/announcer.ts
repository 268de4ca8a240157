/**
 * Tells of jobs that have ended here, together with the others of this turn.
 *
 * Owns the jobs that have ended and of which it is not known that everyone was told.
 *
 * A job is ended → asked → told, or ended → asked → stored → asked → told.
 *
 * A1. The broker tells of a job only when its result is stored there: what is told is what is kept.
 * A2. It is asked to on the connection on which the engine stores the result, right behind it, so that no reply is waited
 *     for in between. Where the result was not stored yet, it is asked again when the engine says that it is.
 */
import type { Connection } from "../broker/connection.js";
import type { Keys } from "../broker/keys.js";
import type { EngineJob, EngineQueue } from "./engine.js";
import { isJobData, queueOfId } from "./job.js";
import { FINISH, scriptKeys } from "./scripts.js";

/** Larger results are read by those who want them. */
const LARGEST_IN_MESSAGE = 64 * 1024;
/** So many bytes are told at once: the broker drops a connection on which more waits than it allows. */
const MESSAGE_SIZE = 2 * 1024 * 1024;
/** Whose a job is that no `task.delay` wrote. */
const NOBODY = { caller: "", ttl: 3_600_000 };
/** A script takes only so many at once. */
const MOST_AT_ONCE = 1000;

/** The socket under a connection, as far as it gathers what is written. */
interface Corkable {
  cork?(): void;
  uncork?(): void;
}

interface Ended {
  readonly id: string;
  readonly caller: string;
  readonly ttl: number;
  isAsked: boolean;
  isStored: boolean;
}

export class Announcer {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #queueOf: (name: string) => EngineQueue;
  readonly #patience: number;
  readonly #ended = new Map<string, Ended>();
  readonly #next: Ended[] = [];
  readonly #asking = new Set<Promise<void>>();

  /** @param patience - how long the engine may take to store a result, in ms: later it has refused it */
  constructor(connection: Connection, keys: Keys, queueOf: (name: string) => EngineQueue, patience: number) {
    this.#connection = connection;
    this.#keys = keys;
    this.#queueOf = queueOf;
    this.#patience = patience;
  }

  /** The engine is about to store what came of this job. */
  ended(job: EngineJob): void {
    const { caller, ttl } = isJobData(job.data) ? job.data : NOBODY;
    const ended: Ended = { id: job.id, caller, ttl, isAsked: false, isStored: false };
    this.#ended.set(job.id, ended);
    this.#ask(ended);
  }

  /** The engine has stored it. */
  stored(id: string): void {
    const ended = this.#ended.get(id);
    if (!ended) return;
    ended.isStored = true;
    if (!ended.isAsked) this.#ask(ended);
  }

  /** The job is not ours any more. */
  lost(id: string): void {
    this.#ended.delete(id);
  }

  /** Resolves when everything was asked for. */
  async settled(): Promise<void> {
    while (this.#asking.size > 0 || this.#next.length > 0) {
      if (this.#next.length > 0) await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(this.#asking);
    }
  }

  #ask(ended: Ended): void {
    ended.isAsked = true;
    if (this.#next.length === 0) {
      const stream = this.#connection.stream as Corkable | undefined;
      stream?.cork?.();
      setImmediate(() => {
        this.#flush();
        stream?.uncork?.();
      });
    }
    this.#next.push(ended);
  }

  #flush(): void {
    const batch = this.#next.splice(0, MOST_AT_ONCE);
    if (this.#next.length > 0) setImmediate(() => this.#flush());
    const asking = this.#tell(batch).catch(() => {
      // The connection is closed; callers look for themselves.
    });
    this.#asking.add(asking);
    void asking.then(() => this.#asking.delete(asking));
  }

  async #tell(batch: readonly Ended[]): Promise<void> {
    const fixed = scriptKeys(this.#keys);
    const args: (string | number)[] = [...fixed.args, LARGEST_IN_MESSAGE, MESSAGE_SIZE];
    for (const { id, caller, ttl } of batch) args.push(id, caller, ttl);
    const [missed, promoted] = (await FINISH.run(this.#connection, fixed.keys, args)) as [string[], string[]];
    const isMissed = new Set(missed);
    for (const ended of batch) {
      if (this.#ended.get(ended.id) !== ended) continue;
      ended.isAsked = false;
      if (!isMissed.has(ended.id)) this.#ended.delete(ended.id);
      else if (ended.isStored) this.#ask(ended);
      else setTimeout(() => this.#forget(ended), this.#patience).unref();
    }
    await Promise.all(promoted.map(async (id) => this.#promote(id)));
  }

  /** The job was not ours any more, and the engine said so to nobody. */
  #forget(ended: Ended): void {
    if (this.#ended.get(ended.id) === ended && !ended.isAsked) this.#ended.delete(ended.id);
  }

  async #promote(id: string): Promise<void> {
    try {
      await (await this.#queueOf(queueOfId(id)).getJob(id))?.promote();
    } catch {
      // It is not delayed, or not there, any more.
    }
  }
}
