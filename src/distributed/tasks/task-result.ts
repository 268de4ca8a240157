/**
 * The result of a delayed task, as its caller holds it.
 *
 * A result is open → settled, once; an outcome that is known is kept, so that it can be had again after the broker has
 * dropped it.
 */
import { inspect } from "node:util";
import { checkFlag } from "../../config/check-flag.js";
import { checkFields } from "../../config/check-fields.js";
import { duration } from "../../config/duration.js";
import { CancelledError, TimeoutError, UnknownResultError } from "../../errors.js";
import type { AsyncResult, TaskState } from "../../future/async-result.js";
import type { Progress } from "../../future/future.js";
import type { ErrorClassLookup } from "../../wire/error-codec.js";
import type { TaskClient } from "./client.js";
import { decode, decodeThrown } from "./decode.js";
import type { Json } from "./encode.js";
import { queueOfId } from "./job.js";
import { GONE, NOTE, READ, REVOKE } from "./scripts.js";
import type { Outcome, Waiter } from "./waits.js";

const STATES: Readonly<Record<string, TaskState>> = {
  s: "succeeded",
  f: "failed",
  t: "failed",
  g: "revoked",
  u: "unknown",
  x: "started",
  r: "retrying",
  d: "delayed",
  w: "waiting",
};

interface Listener {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export class TaskResult<T> implements AsyncResult<T>, Waiter {
  readonly id: string;
  /** The name of the task, where it is known. */
  readonly #name: string | undefined;
  readonly #open: () => TaskClient;
  readonly #lookup: ErrorClassLookup;
  readonly #listeners = new Set<Listener>();
  #outcome: Outcome | undefined;
  #value: Promise<T> | undefined;

  constructor(id: string, open: () => TaskClient, name: string | undefined, lookup: ErrorClassLookup) {
    this.id = id;
    this.#open = open;
    this.#name = name;
    this.#lookup = lookup;
  }

  async get(
    options: { readonly timeout?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    checkFields("get", options, ["timeout", "signal"]);
    const { timeout, signal } = options;
    if (timeout !== undefined) duration("timeout", timeout);
    signal?.throwIfAborted();
    if (!this.#outcome) await this.#settled(timeout, signal);
    this.#value ??= this.#read(this.#outcome!);
    return this.#value;
  }

  async state(): Promise<TaskState> {
    const found = (await this.#client.script(`see the state of ${this.#label}`, READ, ["", 1, this.id])) as string[];
    const [kind, , special] = found;
    return special === "revoked" || special === "expired" ? special : STATES[kind!]!;
  }

  async progress(): Promise<Progress | undefined> {
    const client = this.#client;
    const job = await client.run(`see the progress of ${this.#label}`, async () =>
      client.queue(queueOfId(this.id)).getJob(this.id),
    );
    const progress = (job as { progress?: Progress } | undefined)?.progress;
    return typeof progress === "object" ? { done: progress.done, total: progress.total } : undefined;
  }

  async revoke(options: { readonly terminate?: boolean | undefined } = {}): Promise<void> {
    checkFields("revoke", options, ["terminate"]);
    checkFlag("terminate", options.terminate);
    const client = this.#client;
    const action = `revoke ${this.#label}`;
    const [kind, caller] = (await client.script(action, REVOKE, [this.id, 3_600_000])) as [string, string];
    if (kind === "e" || kind === "u") return;
    const queue = client.queue(queueOfId(this.id));
    const isRemoved = kind === "w" && (await client.run(action, async () => queue.remove(this.id))) === 1;
    if (!isRemoved) {
      await client.publish("control", { revoke: this.id, terminate: options.terminate ?? false });
      return;
    }
    const promoted = (await client.script(action, GONE, [this.id, caller])) as string[];
    await client.run(action, async () => {
      await Promise.all(
        promoted.map(async (id) => (await client.queue(queueOfId(id)).getJob(id))?.promote().catch(() => {})),
      );
    });
  }

  async forget(): Promise<void> {
    const client = this.#client;
    const action = `forget ${this.#label}`;
    await client.script(action, NOTE, [this.id, "mh:ttl", "0"]);
    const [kind] = (await client.script(action, READ, ["", 1, this.id])) as string[];
    if (!"sft".includes(kind!)) return;
    await client.run(action, async () => client.queue(queueOfId(this.id)).remove(this.id));
  }

  settle(outcome: Outcome): void {
    this.#outcome ??= outcome.kind === "u" ? undefined : outcome;
    for (const { resolve } of this.#listeners) resolve(outcome);
    this.#listeners.clear();
  }

  fail(error: unknown): void {
    for (const { reject } of this.#listeners) reject(error);
    this.#listeners.clear();
  }

  [inspect.custom](): string {
    return `AsyncResult { ${this.#name === undefined ? "" : `${this.#name}, `}${this.id} }`;
  }

  get #client(): TaskClient {
    return this.#open();
  }

  get #label(): string {
    return this.#name === undefined ? `task '${this.id}'` : `'${this.#name}' (task '${this.id}')`;
  }

  async #settled(timeout: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { waits } = this.#client;
    let timer: NodeJS.Timeout | undefined;
    let listener: Listener | undefined;
    let stop: (() => void) | undefined;
    try {
      const outcome = await new Promise<Outcome>((resolve, reject) => {
        listener = { resolve, reject };
        this.#listeners.add(listener);
        waits.wait(this);
        if (timeout !== undefined) {
          timer = setTimeout(() => {
            const message = `Cannot get the result of ${this.#label} as it has not ended within ${timeout} ms`;
            reject(new TimeoutError(message, timeout));
          }, timeout);
        }
        if (signal) {
          stop = () => reject(signal.reason as Error);
          signal.addEventListener("abort", stop, { once: true });
        }
      });
      if (outcome.kind === "u") throw this.#unknown();
    } finally {
      clearTimeout(timer);
      if (stop) signal!.removeEventListener("abort", stop);
      this.#listeners.delete(listener!);
      if (this.#listeners.size === 0 && !this.#outcome) waits.leave(this);
    }
  }

  async #read({ kind, body }: Outcome): Promise<T> {
    const frame = `${this.#name ?? "task"} (task ${this.id})`;
    const options = { lookup: this.#lookup, frame };
    switch (kind) {
      case "s":
        return decode(JSON.parse(body) as Json, options) as T;
      case "f":
        throw decodeThrown(JSON.parse(body) as Json, options);
      case "t":
        throw new Error(body);
      case "g":
        throw new CancelledError(`Cannot get the result of ${this.#label} as it was revoked`);
      case "u":
        throw this.#unknown();
    }
  }

  #unknown(): UnknownResultError {
    return new UnknownResultError(
      `Cannot get the result of ${this.#label} as the broker knows no such task: it was never there, or its result is ` +
        "kept no longer, see 'resultTtl'",
    );
  }
}
