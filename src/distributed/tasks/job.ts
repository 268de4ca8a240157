/** A delayed call as the engine keeps it. */
import { show } from "../../config/show.js";
import type { DelayedRetry } from "../../future/async-result.js";
import type { Json } from "./encode.js";

/** The data of a job: JSON. What was left out has its default. */
export interface JobData {
  /** Who made it, and is told of its end. Stands first, as scripts look for it. */
  readonly caller: string;
  /** The arguments as `encode` has them. */
  readonly args: Json;
  /** How long the result is kept, in ms. */
  readonly ttl: number;
  /** When it is too late to start it, ms since 1970. */
  readonly expires?: number;
  readonly delivery?: "at-most-once";
  readonly retry?: DelayedRetry;
  /** The ids of the results that stand for parts of its arguments. */
  readonly needs?: readonly string[];
  readonly maxSize?: number;
}

/** Whether data of a job is what `task.delay` writes: others may write to the broker too. */
export function isJobData(data: unknown): data is JobData {
  const { caller, args, ttl, expires, retry, needs, maxSize } = (data ?? {}) as Partial<Record<keyof JobData, unknown>>;
  return (
    typeof caller === "string" &&
    /^[\w-]{0,64}$/.test(caller) &&
    Array.isArray(args) &&
    isCount(ttl) &&
    (expires === undefined || isCount(expires)) &&
    (retry === undefined || (typeof retry === "object" && retry !== null)) &&
    (needs === undefined || (Array.isArray(needs) && needs.every((id) => typeof id === "string"))) &&
    (maxSize === undefined || isCount(maxSize))
  );
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

export const DEFAULT_QUEUE = "default";
/** Between the queue and the rest of an id. */
const SEPARATOR = "~";

/** In the name of a key and of a queue, this is nothing but itself. */
const QUEUE_NAME = /^[\w.-]{1,64}$/;
const OWN_ID = /^[\w.-]{1,128}$/;

/** The id of a job in this queue: it tells the queue, so that nobody has to. */
export function fullId(queue: string, own: string): string {
  return queue === DEFAULT_QUEUE ? own : queue + SEPARATOR + own;
}

export function queueOfId(id: string): string {
  const end = id.indexOf(SEPARATOR);
  return end === -1 ? DEFAULT_QUEUE : id.slice(0, end);
}

/** @throws {TypeError} when it is none that a task may have */
export function checkId(id: unknown): string {
  // The engine counts with numbers itself.
  if (typeof id === "string" && OWN_ID.test(id) && !/^\d+$/.test(id)) return id;
  throw new TypeError(
    `Cannot set 'id' as it must be 1 to 128 letters, digits, '_', '-' or '.', not digits alone: current value is ${show(id)}`,
  );
}

/** @throws {TypeError} when it is no name of a queue */
export function checkQueue(queue: unknown, path = "queue"): string {
  if (typeof queue === "string" && QUEUE_NAME.test(queue)) return queue;
  throw new TypeError(
    `Cannot set '${path}' as it must be 1 to 64 letters, digits, '_', '-' or '.': current value is ${show(queue)}`,
  );
}
