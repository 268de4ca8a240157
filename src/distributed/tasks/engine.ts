/** What is used of BullMQ. */
import { requireOptional } from "../../config/optional-package.js";
import type { Connection } from "../broker/connection.js";
import type { JobData } from "./job.js";

/** A job as a worker is given it. */
export interface EngineJob {
  readonly id: string;
  readonly name: string;
  readonly queueName: string;
  readonly data: JobData;
  /** When it was added, ms since 1970. */
  readonly timestamp: number;
  /** How often it has failed so far. */
  readonly attemptsMade: number;
  /** How often it was begun, this time included. */
  readonly attemptsStarted: number;
  /** How often it was lost with its node. */
  readonly stalledCounter: number;
  updateProgress(progress: object): Promise<void>;
  moveToDelayed(timestamp: number, token: string | undefined): Promise<void>;
  moveToWait(token: string | undefined): Promise<unknown>;
  promote(): Promise<void>;
}

export interface NewJob {
  readonly name: string;
  readonly data: JobData;
  readonly opts: object;
}

export interface EngineQueue {
  addBulk(jobs: NewJob[]): Promise<unknown>;
  getJob(id: string): Promise<EngineJob | undefined>;
  /** Whether it was removed: a job that runs is not. */
  remove(id: string): Promise<number>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

export interface EngineWorker {
  on(event: "completed" | "failed", listener: (job: EngineJob | undefined) => void): unknown;
  on(event: "lockRenewalFailed", listener: (ids: string[]) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(isForced?: boolean): Promise<void>;
  /** Jobs that it has at once. */
  concurrency: number;
}

interface Engine {
  readonly Queue: new (name: string, options: object) => EngineQueue;
  readonly Worker: new (
    name: string,
    processor: (job: EngineJob, token: string | undefined) => Promise<unknown>,
    options: object,
  ) => EngineWorker;
}

function engine(): Engine {
  return requireOptional<Engine>("bullmq", "use tasks with a broker");
}

const ignore = (): void => {};

/** The engine writes every result into its events too, and keeps 10,000 of them: nobody here reads them. */
const MOST_EVENTS = 0;

/** A queue over a connection that others use too. */
export function openQueue(name: string, connection: Connection, prefix: string): EngineQueue {
  const queue = new (engine().Queue)(name, { connection, prefix, streams: { events: { maxLen: MOST_EVENTS } } });
  // What goes wrong shows in the commands that wait.
  queue.on("error", ignore);
  return queue;
}

export function openWorker(
  name: string,
  processor: (job: EngineJob, token: string | undefined) => Promise<unknown>,
  options: object,
): EngineWorker {
  return new (engine().Worker)(name, processor, options);
}
