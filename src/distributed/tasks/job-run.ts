/**
 * One run of a job on this node: whether it may run, what it is given, and what is done with what came of it.
 *
 * A run is checking → running → over, or checking → put off (it needs results of others, or a node that knows it).
 *
 * J1. The engine is told by what `result` does: a value completes the job, a `Decision` that is thrown fails it or has it
 *     run again, and a `PutElsewhere` says that the job is in another place already.
 * J2. A failure is written down before the engine is told of it, and everyone else after.
 */
import { setTimeout as pause } from "node:timers/promises";
import { validateValue } from "../../config/validate.js";
import { CancelledError, DefinitionError, SerializationError, TimeoutError, WorkerCrashedError } from "../../errors.js";
import type { Future, Progress } from "../../future/future.js";
import { retryAfterOf } from "../../limits/headers/retry-after.js";
import { sourceOf } from "../../pool/open-pool.js";
import type { Pool } from "../../pool/pool.js";
import { RetryHistory } from "../../retry/history.js";
import type { RetryDecision, RetryPolicy } from "../../retry/policy.js";
import { taskOrigin } from "../../task-target.js";
import type { Connection } from "../broker/connection.js";
import type { Keys } from "../broker/keys.js";
import type { Script } from "../broker/script.js";
import { decode, decodeThrown } from "./decode.js";
import { encodeThrown, type Json } from "./encode.js";
import type { EngineJob } from "./engine.js";
import { isJobData } from "./job.js";
import type { AbortNotice, JobOutcome, JobRunner } from "./job-runner.js";
import { neededResults, type Needed } from "./needed-results.js";
import { retriesOf } from "./retries-of.js";
import { COUNT, NEEDS, NOTE, scriptKeys } from "./scripts.js";
import type { RunnableDefinition, TaskEvent } from "./task-event.js";

/** What a run needs of its node. */
export interface RunSurroundings {
  readonly definition: RunnableDefinition | undefined;
  readonly pool: Pool<JobRunner>;
  readonly connection: Connection;
  readonly keys: Keys;
  readonly maxRedeliveries: number;
  tell(kind: TaskEvent["kind"], facts: object): void;
  abort(notice: AbortNotice): void;
  /** The engine is about to store what came of it. */
  ended(): void;
}

const DEFAULT_SIZE = 16 * 1024 * 1024;
const STRANGER_PAUSE_MS = 1000;
const MOST_STRANGERS = 30;
/** How long after a thread died its task is run again, doubled each time. */
const CRASH_PAUSE_MS = 100;
/** How long a task waits for results until it looks again whether they are there: they are told of before. */
const NEEDS_PAUSE_MS = 30_000;
const PROGRESS_PAUSE_MS = 200;
const FIRST_NOTICE_PAUSE_MS = 50;
const LONGEST_NOTICE_PAUSE_MS = 5000;

/** Fails a job, or has it run again after `delay` ms. */
class Decision extends Error {
  readonly delay: number | undefined;

  constructor(error: unknown, delay?: number) {
    super(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    this.delay = delay;
    if (error instanceof Error) this.stack = error.stack ?? this.message;
  }
}

/** The engine knows these by name. */
class PutElsewhere extends Error {
  constructor(name: "DelayedError" | "WaitingError") {
    super("The job was put elsewhere");
    this.name = name;
  }
}

/** Puts back a job that was not begun. */
export async function putBack(job: EngineJob, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new PutElsewhere("WaitingError");
}

export class JobRun {
  readonly #job: EngineJob;
  readonly #token: string | undefined;
  readonly #around: RunSurroundings;
  readonly #startedAt = performance.now();
  #future: Future<unknown> | undefined;
  #end: "revoked" | "dropped" | "given-back" | undefined;
  #notice: NodeJS.Timeout | undefined;
  #progress: Progress | undefined;
  #isTellingProgress = false;
  #isReceived = false;

  constructor(job: EngineJob, token: string | undefined, around: RunSurroundings) {
    this.#job = job;
    this.#token = token;
    this.#around = around;
  }

  /** Runs it; for the engine (J1). */
  async result(): Promise<unknown> {
    try {
      return await this.#result();
    } finally {
      clearTimeout(this.#notice);
    }
  }

  async #result(): Promise<unknown> {
    const { definition } = this.#around;
    if (!definition || !taskOrigin(definition.registration.target)) return this.#putOffAsStranger();
    if (!this.#job.data.needs) this.#received();
    if (!isJobData(this.#job.data)) {
      const { id, name } = this.#job;
      const message = `Cannot run '${name}' as the data of job '${id}' is not what task.delay writes: see who else writes to the broker`;
      return this.#failWith(new SerializationError(message, "job"));
    }
    await this.#assertMayRun();
    if (this.#end) return this.#over();
    const results = this.#job.data.needs ? await this.#needed(this.#job.data.needs) : [];
    if (this.#end) return this.#over();
    return this.#execute(definition, results);
  }

  /** Its lock is lost, or the node ends at once. */
  drop(): void {
    this.#end = "dropped";
    this.#cancel("its lock in the broker was lost");
  }

  /** The node ends: another one is to run it. */
  giveBack(): void {
    this.#end ??= "given-back";
    this.#cancel("its node was stopped");
  }

  /** It is not wanted any more. */
  revoke(isTerminated: boolean): void {
    this.#end ??= "revoked";
    if (isTerminated) this.#cancel("it was revoked");
    else if (!this.#notice) this.#sendNotice(FIRST_NOTICE_PAUSE_MS);
  }

  /** Again and again: its thread may not have begun with it, or not be listening yet. */
  #sendNotice(wait: number): void {
    const { id, name } = this.#job;
    this.#around.abort({ abort: id, reason: `Cannot finish '${name}' as it was revoked` });
    this.#notice = setTimeout(() => this.#sendNotice(Math.min(2 * wait, LONGEST_NOTICE_PAUSE_MS)), wait);
    this.#notice.unref();
  }

  /** Looks whether it was revoked while nobody could say so. */
  checkRevoked(): void {
    this.#isMarkedRevoked().then(
      (isMarked) => isMarked && this.revoke(false),
      () => undefined,
    );
  }

  #cancel(why: string): void {
    this.#future?.cancel(new CancelledError(`Cannot finish '${this.#job.name}' as ${why}`));
  }

  async #execute(definition: RunnableDefinition, results: Needed["results"]): Promise<unknown> {
    const { registration } = definition;
    const { id, name, data, attemptsMade, attemptsStarted, stalledCounter } = this.#job;
    const { timeout } = sourceOf(registration).defaults;
    const attempt = data.needs ? attemptsMade + stalledCounter + 1 : Math.max(attemptsStarted, 1);
    this.#received();
    this.#tell("task-started", { attempt });
    const { key, url } = registration;
    const threadJob = { id, attempt, maxSize: data.maxSize ?? DEFAULT_SIZE, key, url, name };
    const { pool } = this.#around;
    const future = (timeout === undefined ? pool : pool.with({ timeout })).run(
      threadJob,
      data.args,
      results as [string, string][],
    );
    this.#future = future;
    future.onProgress((progress) => this.#report(progress));
    let outcome: JobOutcome;
    try {
      outcome = (await future) as JobOutcome;
    } catch (error) {
      if (this.#end) return this.#over();
      if (error instanceof WorkerCrashedError) return this.#afterCrash(error);
      const own =
        error instanceof TimeoutError
          ? new TimeoutError(`Cannot finish '${name}' as it ran longer than its timeout of ${timeout} ms`, timeout!)
          : error;
      return this.#afterFailure(own, encodeThrown(own, threadJob.maxSize), definition);
    }
    if ("done" in outcome) return this.#afterReturn(outcome.done, definition);
    if (this.#end) return this.#over();
    const { errorClasses } = sourceOf(registration);
    const thrown = decodeThrown(outcome.failed, {
      lookup: (errorName) => errorClasses.find(errorName),
      frame: `${name} (task ${id})`,
    });
    return this.#afterFailure(thrown, outcome.failed, definition);
  }

  async #afterReturn(done: Json, { registration }: RunnableDefinition): Promise<unknown> {
    const { name, attemptsMade, data } = this.#job;
    const policy = retriesOf(registration, data.retry);
    const schema = sourceOf(registration).schema?.methods?.run?.result;
    if (policy?.validates || schema) {
      const result = decode(done);
      try {
        if (schema) await validateValue(schema, result, { kind: "result", name });
      } catch (error) {
        return this.#fail(error, encodeThrown(error, DEFAULT_SIZE));
      }
      const decision = await policy?.onResult({
        ...this.#facts(),
        result,
        attempt: attemptsMade + 1,
        history: new RetryHistory(),
      });
      if (decision) return this.#decide(decision, undefined);
    }
    this.#tell("task-succeeded", { ran: performance.now() - this.#startedAt, result: done });
    this.#around.ended();
    return done;
  }

  async #afterFailure(error: unknown, json: Json, { registration }: RunnableDefinition): Promise<never> {
    const policy = retriesOf(registration, this.#job.data.retry);
    if (!policy) return this.#fail(error, json);
    const attempt = this.#job.attemptsMade + 1;
    if (attempt === 1) policy.onCall(performance.now());
    const retryAfter = retryAfterOf(error, Date.now());
    return this.#decide(policy.onFailure({ ...this.#facts(), error, attempt, retryAfter }), { error, json });
  }

  #facts(): Pick<Parameters<RetryPolicy["onFailure"]>[0], "elapsed" | "method" | "args" | "now" | "random"> {
    const { name, data, timestamp } = this.#job;
    return {
      elapsed: Math.max(0, Date.now() - timestamp),
      method: name,
      args: data.needs ? [] : (decode(data.args) as unknown[]),
      now: performance.now(),
      random: Math.random,
    };
  }

  async #decide(decision: RetryDecision, failure: { error: unknown; json: Json } | undefined): Promise<never> {
    if (!decision.retry) {
      const isSame = failure !== undefined && failure.error === decision.error;
      return this.#fail(decision.error, isSame ? failure.json : encodeThrown(decision.error, DEFAULT_SIZE));
    }
    const error = failure?.error ?? new Error("The result was not acceptable");
    this.#tell("task-retry", { error, delay: decision.delay });
    throw new Decision(error, decision.delay);
  }

  /** Its thread died under it. */
  async #afterCrash(crash: WorkerCrashedError): Promise<never> {
    const { id, name, data } = this.#job;
    const crashes = Number(await this.#script(COUNT, [id, "mh:crashes"]));
    if (data.delivery !== "at-most-once" && crashes <= this.#around.maxRedeliveries) {
      this.#tell("task-retry", { error: crash, delay: CRASH_PAUSE_MS });
      return this.#putOff(CRASH_PAUSE_MS * 2 ** (crashes - 1));
    }
    const { reason, exitCode, signal } = crash;
    const times = crashes > 1 ? ` for the ${crashes}th time` : "";
    return this.#failWith(
      new WorkerCrashedError(
        `Cannot finish '${name}' as its thread died${times}: ${crash.message}`,
        { reason, exitCode, signal },
        { cause: crash },
      ),
    );
  }

  /** What is done with a run that was ended from outside. */
  async #over(): Promise<never> {
    const { name, data } = this.#job;
    switch (this.#end!) {
      case "revoked":
        this.#tell("task-revoked", {});
        return this.#failWith(new CancelledError(`Cannot finish '${name}' as it was revoked`), "revoked");
      case "given-back":
        if (data.delivery !== "at-most-once") {
          return putBack(this.#job, this.#token);
        }
        return this.#failWith(
          new WorkerCrashedError(`Cannot finish '${name}' as its node was stopped`, { reason: "terminated" }),
        );
      case "dropped":
        // The engine refuses what does not hold the lock.
        throw new Decision(new Error("The lock was lost"));
    }
  }

  async #assertMayRun(): Promise<void> {
    const { id, name, data, stalledCounter, attemptsMade, attemptsStarted } = this.#job;
    if (stalledCounter > 0 || attemptsMade > 0 || attemptsStarted > 1) {
      if (await this.#isMarkedRevoked()) {
        this.#end = "revoked";
        return this.#over();
      }
      if (stalledCounter > (data.delivery === "at-most-once" ? 0 : this.#around.maxRedeliveries)) {
        const times = stalledCounter > 1 ? ` ${stalledCounter} times` : "";
        return this.#failWith(
          new WorkerCrashedError(
            `Cannot finish '${name}' as its node died, or was silent for longer than its lease,${times} while it ran`,
            { reason: "unresponsive" },
          ),
        );
      }
    }
    if (data.expires !== undefined && Date.now() > data.expires) {
      const late = Date.now() - data.expires;
      const allowed = data.expires - this.#job.timestamp;
      const message = `Cannot run '${name}' (task '${id}') as it was to be started within ${allowed} ms: it is ${late} ms late`;
      return this.#failWith(new TimeoutError(message, allowed), "expired");
    }
    return undefined;
  }

  async #needed(ids: readonly string[]): Promise<Needed["results"]> {
    const { id, name } = this.#job;
    const look = async (follows: "0" | "1"): Promise<Needed> =>
      neededResults(name, ids, (await this.#script(NEEDS, [id, follows, ...ids])) as string[]);
    let needed = await look("0");
    if (needed.isPending) {
      await this.#job.moveToDelayed(Date.now() + NEEDS_PAUSE_MS, this.#token);
      // Only now: who tells of a result can promote the job only when it is put off.
      needed = await look("1");
      // One that is revoked meanwhile need not wait to be told so.
      if (!needed.isPending || this.#end) await this.#job.promote().catch(() => {});
      throw new PutElsewhere("DelayedError");
    }
    if (needed.failure) {
      const { failure } = needed;
      const thrown = decodeThrown(failure, { frame: `${name} (task ${id})` });
      return this.#fail(thrown, failure);
    }
    return needed.results;
  }

  async #putOffAsStranger(): Promise<never> {
    const { id, name } = this.#job;
    const count = Number(await this.#script(COUNT, [id, "mh:strangers"]));
    if (count === 1) this.#tell("task-unknown", {});
    if (count <= MOST_STRANGERS) return this.#putOff(STRANGER_PAUSE_MS);
    return this.#failWith(
      new DefinitionError(
        `Cannot run '${name}' as no node that took it in ${(MOST_STRANGERS * STRANGER_PAUSE_MS) / 1000} s knew a task of ` +
          "this name: start nodes with the module that defines it, or give it a queue that only such nodes have",
      ),
    );
  }

  /** Told once, and not of a job that is only put elsewhere. */
  #received(): void {
    if (!this.#isReceived) this.#tell("task-received", {});
    this.#isReceived = true;
  }

  async #putOff(ms: number): Promise<never> {
    await this.#job.moveToDelayed(Date.now() + ms, this.#token);
    throw new PutElsewhere("DelayedError");
  }

  async #failWith(error: Error, state?: "revoked" | "expired"): Promise<never> {
    return this.#fail(error, encodeThrown(error, DEFAULT_SIZE), state);
  }

  async #fail(error: unknown, json: Json, state?: "revoked" | "expired"): Promise<never> {
    const fields = ["mh:failure", JSON.stringify(json), ...(state ? ["mh:state", state] : [])];
    // Without it the message is left, which the engine keeps.
    await this.#script(NOTE, [this.#job.id, ...fields]).catch(() => {});
    if (state !== "revoked") {
      this.#received();
      this.#tell("task-failed", { ran: performance.now() - this.#startedAt, error, ...(state && { state }) });
    }
    this.#around.ended();
    throw new Decision(error);
  }

  async #isMarkedRevoked(): Promise<boolean> {
    const { queues } = this.#around.keys;
    const key = `${queues}:${this.#job.queueName}:${this.#job.id}`;
    return (await this.#around.connection.call("HEXISTS", key, "mh:revoked")) === 1;
  }

  async #script(script: Script, args: readonly string[]): Promise<unknown> {
    const fixed = scriptKeys(this.#around.keys);
    return script.run(this.#around.connection, fixed.keys, [...fixed.args, ...args]);
  }

  /** Writes progress down, at most five times a second, and the last of it. */
  #report(progress: Progress): void {
    this.#progress = progress;
    if (this.#isTellingProgress) return;
    this.#isTellingProgress = true;
    void (async () => {
      while (this.#progress) {
        const { done, total } = this.#progress;
        this.#progress = undefined;
        await this.#job.updateProgress({ done, total }).catch(() => {});
        await pause(PROGRESS_PAUSE_MS, undefined, { ref: false });
      }
      this.#isTellingProgress = false;
    })();
  }

  #tell(kind: TaskEvent["kind"], facts: object): void {
    const { id, name } = this.#job;
    this.#around.tell(kind, { id, name, ...facts });
  }
}
