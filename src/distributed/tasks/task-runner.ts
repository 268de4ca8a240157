/**
 * Runs tasks on a node: takes jobs from the queues of the engine and gives them to threads.
 *
 * Owns the engine's workers, the connections they share, the pool of threads, and the jobs that run. Does not own the
 * node: whether it may run is its agent's business.
 *
 * N1. No code of a user's runs in this event loop, but for the functions of `retry` and the schema of a result: the locks of
 *     running jobs are renewed here.
 * N2. A job whose lock was lost runs elsewhere: what runs here is ended, and what comes of it is not reported.
 * N3. Only functions that the node's own modules have registered are run.
 */
import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { BroadcastChannel } from "node:worker_threads";
import { atLeast } from "../../config/at-least.js";
import { callSafely } from "../../config/call-safely.js";
import type { Pool } from "../../pool/pool.js";
import { definitionOf } from "../../worker.js";
import { connect, type Connection } from "../broker/connection.js";
import { keysOf } from "../broker/keys.js";
import type { ResolvedBroker } from "../../config/broker.js";
import { Announcer } from "./announcer.js";
import { type EngineJob, type EngineQueue, type EngineWorker, openQueue, openWorker } from "./engine.js";
import { checkQueue, DEFAULT_QUEUE } from "./job.js";
import { JobRun, putBack } from "./job-run.js";
import { type AbortNotice, JobRunner, jobRunner } from "./job-runner.js";
import type { RunnableDefinition, TaskEvent } from "./task-event.js";
import { EXPIRE, scriptKeys } from "./scripts.js";

export interface TaskRunnerOptions {
  readonly broker: ResolvedBroker;
  readonly definitions: ReadonlyMap<string, RunnableDefinition>;
  /** Tasks that run at once. Default: as many as there are processors. */
  readonly concurrency?: number | undefined;
  /** Threads that they run in. Default: `concurrency`, and no more than there are processors. */
  readonly threads?: number | undefined;
  /** Default: `["default"]`. */
  readonly queues?: readonly string[] | undefined;
  /** How often a task is run again that was lost with its node or ended its thread. Default: 3. */
  readonly maxRedeliveries?: number | undefined;
  readonly onEvent?: ((event: TaskEvent) => void) | undefined;
}

const DEFAULT_STOP_MS = 30_000;
const LONGEST_SWEEP_PAUSE_MS = 2000;
const ENGINE_PAUSE_MS = 500;
const GIVE_BACK_MS = 3000;
const CLOSE_MS = 1000;
const NOTICE_MS = 5000;
const MOST_NOTICES = 10_000;
/** As the script has it. */
const DROPPED_AT_ONCE = 1000;
const JobRunnerWorker = definitionOf(jobRunner, JobRunner, {});

export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #concurrency: number;
  readonly #queueNames: readonly string[];
  readonly #workers: EngineWorker[] = [];
  readonly #queues = new Map<string, EngineQueue>();
  readonly #running = new Map<string, JobRun>();
  /** Notices of the last seconds for tasks that did not run here: one may be on its way to us. */
  readonly #notices = new Map<string, { isTerminated: boolean; at: number }>();
  readonly #channelName = `manyhands-${randomUUID()}`;
  readonly #channel = new BroadcastChannel(this.#channelName);
  #pool: Pool<JobRunner> | undefined;
  #connection: Connection | undefined;
  #control: Connection | undefined;
  #announcer: Announcer | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #isDropping = false;

  /** @throws {TypeError | RangeError} for options that are not valid */
  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    this.#concurrency = atLeast("concurrency", options.concurrency ?? availableParallelism(), 1);
    this.#queueNames = (options.queues ?? [DEFAULT_QUEUE]).map((queue) => checkQueue(queue, "queues"));
    this.#channel.unref();
  }

  /** How many tasks run. */
  get active(): number {
    return this.#running.size;
  }

  /**
   * Begins to take tasks; resolves when the queues are reached.
   * @throws {MissingPackageError} when `bullmq` or `ioredis` is not installed
   */
  async start(): Promise<void> {
    const { broker } = this.#options;
    const keys = keysOf(broker.prefix);
    this.#pool = this.#openPool();
    this.#connection = connect(broker, "node-tasks");
    this.#fence(this.#connection, broker.lease);
    this.#announcer = new Announcer(this.#connection, keys, (name) => this.#queue(name), broker.brokerTimeout);
    await this.#listen(keys.of("control"));
    for (const name of this.#queueNames) this.#workers.push(this.#openWorker(name, keys.queues));
    await Promise.all(this.#workers.map(async (worker) => worker.waitUntilReady()));
    this.#sweep = setInterval(() => void this.#dropExpired(), Math.min(broker.lease / 2, LONGEST_SWEEP_PAUSE_MS));
    this.#sweep.unref();
  }

  /** Takes no more; what runs may end within `timeout` ms (default: 30,000), and is given back to its queue then. */
  async stop({ timeout = DEFAULT_STOP_MS }: { timeout?: number } = {}): Promise<void> {
    await (this.#closing ??= this.#stop(timeout));
  }

  /** Ends at once: what runs is ended, and runs elsewhere when its lock has passed. */
  async kill(): Promise<void> {
    this.#closing ??= Promise.resolve();
    for (const run of this.#running.values()) run.drop();
    await this.#end(true);
  }

  async #stop(timeout: number): Promise<void> {
    const over = (async () => {
      await Promise.all(this.#workers.map(async (worker) => worker.close()));
      await this.#announcer?.settled();
      return true;
    })();
    const patience = new AbortController();
    const wait = async (ms: number): Promise<boolean> =>
      pause(ms, false, { signal: patience.signal }).catch(() => false);
    let isOver = await Promise.race([over, wait(timeout)]);
    if (!isOver) {
      for (const run of this.#running.values()) run.giveBack();
      // Without a broker nothing can be given back: it comes back by itself when the locks have passed.
      isOver = await Promise.race([over, wait(GIVE_BACK_MS)]);
    }
    patience.abort();
    await this.#end(!isOver);
  }

  async #end(isForced: boolean): Promise<void> {
    clearInterval(this.#sweep);
    this.#channel.close();
    this.#control?.disconnect();
    if (isForced) this.#connection?.disconnect();
    await this.#pool?.stop({ timeout: 0 });
    // What the engine still waits for does not come any more.
    const closing = isForced ? this.#workers.map(async (worker) => worker.close(true).catch(() => {})) : [];
    closing.push(...[...this.#queues.values()].map(async (queue) => queue.close().catch(() => {})));
    await Promise.race([Promise.all(closing), pause(CLOSE_MS, undefined, { ref: false })]);
    this.#connection?.disconnect();
  }

  #openPool(): Pool<JobRunner> {
    const threads = Math.min(
      this.#concurrency,
      this.#options.threads === undefined ? availableParallelism() : atLeast("threads", this.#options.threads, 1),
    );
    return JobRunnerWorker.options({
      mode: "thread",
      maxWorkers: { min: 0, max: threads, idleTimeout: 60_000 },
      concurrency: Math.ceil(this.#concurrency / threads),
      // Nothing waits behind a long task while another thread is idle.
      loadBalancing: "shared-queue",
      unwrapFutures: false,
    }).init(this.#channelName) as Pool<JobRunner>;
  }

  #openWorker(name: string, prefix: string): EngineWorker {
    const { lease } = this.#options.broker;
    const worker = openWorker(name, async (job, token) => this.#run(job, token), {
      connection: this.#connection,
      prefix,
      concurrency: this.#concurrency,
      lockDuration: lease,
      stalledInterval: lease / 2,
      // How often a task may be lost is decided by us, and said in an error of ours.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: ENGINE_PAUSE_MS,
      // The news of a task may have gone to a node that is frozen: so long until another one looks by itself, in s.
      drainDelay: Math.min(5, lease / 2000),
      settings: {
        backoffStrategy: (_attempts: number, _type: string, error: { delay?: number }) => error.delay ?? -1,
      },
    });
    worker.on("error", (error) => this.#tell("broker-error", { error: error.message }));
    worker.on("completed", (job) => job && this.#announcer!.stored(job.id));
    worker.on("failed", (job) => job && this.#announcer!.stored(job.id));
    worker.on("lockRenewalFailed", (ids) => {
      for (const id of ids) {
        this.#announcer!.lost(id);
        this.#running.get(id)?.drop();
      }
    });
    return worker;
  }

  async #run(job: EngineJob, token: string | undefined): Promise<unknown> {
    // It was on its way when the end began.
    if (this.#closing) return putBack(job, token);
    const run = new JobRun(job, token, {
      definition: this.#options.definitions.get(job.name),
      pool: this.#pool!,
      connection: this.#connection!,
      keys: keysOf(this.#options.broker.prefix),
      maxRedeliveries: this.#options.maxRedeliveries ?? 3,
      tell: (kind, facts) => this.#tell(kind, facts),
      abort: (notice: AbortNotice) => this.#channel.postMessage(notice),
      ended: () => this.#announcer!.ended(job),
    });
    this.#running.set(job.id, run);
    const notice = this.#notices.get(job.id);
    if (notice) run.revoke(notice.isTerminated);
    try {
      return await run.result();
    } finally {
      if (this.#running.get(job.id) === run) this.#running.delete(job.id);
    }
  }

  /** Ends what runs once the broker was away for as long as locks last: it runs elsewhere by then (N2). */
  #fence(connection: Connection, lease: number): void {
    let timer: NodeJS.Timeout | undefined;
    connection.on("close", () => {
      timer ??= setTimeout(() => {
        for (const run of this.#running.values()) run.drop();
      }, lease);
      timer.unref();
    });
    connection.on("ready", () => {
      clearTimeout(timer);
      timer = undefined;
    });
  }

  /** Hears of tasks that are revoked; those that were revoked while it could not hear are looked for. */
  async #listen(channel: string): Promise<void> {
    const control = connect(this.#options.broker, "node-control") as Connection & {
      on(event: "message", listener: (channel: string, message: string) => void): unknown;
    };
    this.#control = control;
    control.on("message", (_channel, message) => {
      const notice = readNotice(message);
      if (notice) this.#revoke(notice.revoke, notice.terminate);
    });
    control.on("ready", () => {
      for (const run of this.#running.values()) run.checkRevoked();
    });
    await control.call("SUBSCRIBE", channel);
  }

  #revoke(id: string, isTerminated: boolean): void {
    const now = performance.now();
    for (const [old, { at }] of this.#notices) {
      if (this.#notices.size < MOST_NOTICES && at > now - NOTICE_MS) break;
      this.#notices.delete(old);
    }
    const run = this.#running.get(id);
    if (run) run.revoke(isTerminated);
    else this.#notices.set(id, { isTerminated, at: now });
  }

  #queue(name: string): EngineQueue {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = openQueue(name, this.#connection!, keysOf(this.#options.broker.prefix).queues);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  /** Drops results whose time is over. */
  async #dropExpired(): Promise<void> {
    if (this.#isDropping) return;
    this.#isDropping = true;
    const { keys, args } = scriptKeys(keysOf(this.#options.broker.prefix));
    try {
      let dropped: unknown;
      do dropped = await EXPIRE.run(this.#connection!, keys, args);
      while (dropped === DROPPED_AT_ONCE);
    } catch {
      // Away, or closed: the next time.
    } finally {
      this.#isDropping = false;
    }
  }

  #tell(kind: TaskEvent["kind"], facts: object): void {
    const { onEvent } = this.#options;
    if (onEvent) callSafely(onEvent, { kind, at: Date.now(), ...facts });
  }
}

/** Nothing, when it is none of ours: who can write to the broker may publish anything. */
function readNotice(message: string): { revoke: string; terminate: boolean } | undefined {
  try {
    const { revoke, terminate } = JSON.parse(message) as Record<string, unknown>;
    return typeof revoke === "string" ? { revoke, terminate: terminate === true } : undefined;
  } catch {
    return undefined;
  }
}
