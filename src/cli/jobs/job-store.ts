/** Jobs as the engine keeps them, for those who look at them from outside. */
import { requireOptional } from "../../config/optional-package.js";
import type { Connection } from "../../distributed/broker/connection.js";
import { keysOf } from "../../distributed/broker/keys.js";

/** What a run of a task leaves on its job beside what the engine keeps, see `distributed/tasks/scripts.ts`. */
const OUTCOME_FIELDS = ["mh:failure", "mh:state", "mh:revoked", "mh:crashes", "mh:strangers"];

/** What a command calls the states of a job; each stands for lists of the engine. */
const LISTS = {
  waiting: ["waiting", "prioritized", "paused", "waiting-children"],
  delayed: ["delayed"],
  started: ["active"],
  succeeded: ["completed"],
  failed: ["failed"],
} as const;

export type JobState = keyof typeof LISTS;
export const JOB_STATES = Object.keys(LISTS) as readonly JobState[];

/** Jobs of one queue by state. */
export type JobCounts = { readonly queue: string } & Readonly<Record<JobState, number>>;

/** A job, as it can be shown. */
export interface StoredJob {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly state: JobState | undefined;
  /** How often it was begun. */
  readonly attempts: number;
  /** When it was made, begun last, and ended, in ms since 1970. */
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** JSON, as it is stored. */
  readonly data: unknown;
  readonly progress: unknown;
  readonly result: unknown;
  readonly error: string | undefined;
  readonly stack: string | undefined;
}

/** What is used of a job of BullMQ. */
interface EngineJob {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly progress: unknown;
  readonly returnvalue: unknown;
  readonly failedReason?: string | undefined;
  readonly stacktrace?: readonly string[] | null;
  readonly attemptsStarted: number;
  readonly timestamp: number;
  readonly processedOn?: number | undefined;
  readonly finishedOn?: number | undefined;
  getState(): Promise<string>;
  retry(from: "failed" | "completed"): Promise<void>;
}

interface EngineQueue {
  readonly name: string;
  getJobCounts(): Promise<Readonly<Record<string, number>>>;
  getJobs(lists: readonly string[], from: number, to: number): Promise<readonly (EngineJob | undefined)[]>;
  getJob(id: string): Promise<EngineJob | undefined>;
  on(event: "error", listener: () => void): unknown;
  close(): Promise<void>;
}

interface Engine {
  readonly Queue: new (name: string, options: object) => EngineQueue;
}

export class JobStore implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #engine: Engine;
  readonly #open = new Map<string, EngineQueue>();

  /**
   * @param prefix - of the broker
   * @throws {MissingPackageError} when `bullmq` is not installed
   */
  constructor(connection: Connection, prefix: string) {
    this.#engine = requireOptional<Engine>("bullmq", "look at jobs");
    this.#connection = connection;
    this.#prefix = keysOf(prefix).queues;
  }

  /** The names of all queues that were ever used, in order. */
  async queues(): Promise<string[]> {
    const names = new Set<string>();
    const [before, after] = [`${this.#prefix}:`, ":meta"];
    let cursor = "0";
    do {
      const answer = await this.#connection.call("SCAN", cursor, "MATCH", `${before}*${after}`, "COUNT", 1000);
      const [next, keys] = answer as [string, string[]];
      for (const key of keys) names.add(key.slice(before.length, -after.length));
      cursor = next;
    } while (cursor !== "0");
    return [...names].toSorted();
  }

  async counts(queue: string): Promise<JobCounts> {
    const counts = await this.#queue(queue).getJobCounts();
    const sums = JOB_STATES.map((state) => [state, LISTS[state].reduce((sum, list) => sum + (counts[list] ?? 0), 0)]);
    return { queue, ...(Object.fromEntries(sums) as Record<JobState, number>) };
  }

  /** At most `limit` jobs of a queue, the newest first. */
  async list(queue: string, state: JobState, limit: number): Promise<StoredJob[]> {
    const jobs = await this.#queue(queue).getJobs(LISTS[state], 0, limit - 1);
    // One may have gone between its id and itself.
    return jobs
      .flatMap((job) => (job ? [stored(job, queue, state)] : []))
      .toSorted((a, b) => b.createdAt - a.createdAt)
      .slice(0, limit);
  }

  /** Looks in all queues. */
  async find(id: string): Promise<StoredJob | undefined> {
    const [job, queue] = await this.#job(id);
    if (!job) return undefined;
    const list = await job.getState();
    return stored(
      job,
      queue,
      JOB_STATES.find((state) => (LISTS[state] as readonly string[]).includes(list)),
    );
  }

  /** Puts a job that has ended back into its queue. */
  async retry(id: string, from: "failed" | "succeeded"): Promise<void> {
    const [job, queue] = await this.#job(id);
    if (!job) return;
    await this.#connection.call("HDEL", `${this.#prefix}:${queue}:${id}`, ...OUTCOME_FIELDS);
    await job.retry(from === "failed" ? "failed" : "completed");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#open.values(), async (queue) => queue.close().catch(() => {})));
  }

  async #job(id: string): Promise<[job: EngineJob | undefined, queue: string]> {
    for (const queue of await this.queues()) {
      const job = await this.#queue(queue).getJob(id);
      if (job) return [job, queue];
    }
    return [undefined, ""];
  }

  #queue(name: string): EngineQueue {
    let queue = this.#open.get(name);
    if (!queue) {
      queue = new this.#engine.Queue(name, { connection: this.#connection, prefix: this.#prefix });
      // What goes wrong shows in the commands.
      queue.on("error", () => {});
      this.#open.set(name, queue);
    }
    return queue;
  }
}

function stored(job: EngineJob, queue: string, state: JobState | undefined): StoredJob {
  return {
    id: job.id,
    task: job.name,
    queue,
    state,
    attempts: job.attemptsStarted,
    createdAt: job.timestamp,
    startedAt: job.processedOn,
    endedAt: job.finishedOn,
    data: job.data,
    progress: job.progress === 0 ? undefined : job.progress,
    result: job.returnvalue ?? undefined,
    error: job.failedReason || undefined,
    stack: job.stacktrace?.at(-1),
  };
}
