/** The worker that runs jobs in a thread of a node: reads arguments, runs the function, writes down what came of it. */
import { BroadcastChannel } from "node:worker_threads";
import { CancelledError } from "../../errors.js";
import { call, type CallContext, runInCall } from "../../host/call-context.js";
import { importRegistration } from "../../host/import-module.js";
import { findRegistration, register } from "../../registry.js";
import { decode } from "./decode.js";
import { encode, encodeThrown, type Json } from "./encode.js";

/** A job for a thread. */
export interface ThreadJob {
  readonly id: string;
  readonly attempt: number;
  readonly maxSize: number;
  /** Which function: a definition that the node knows. */
  readonly key: string;
  readonly url: string;
  readonly name: string;
}

/** What came of it. */
export type JobOutcome = { readonly done: Json } | { readonly failed: Json };

/** Told to all threads: fires the signal of a job. */
export interface AbortNotice {
  readonly abort: string;
  readonly reason: string;
}

type AnyFunction = (...args: unknown[]) => unknown;

export class JobRunner {
  readonly #functions = new Map<string, AnyFunction>();
  readonly #running = new Map<string, JobContext>();

  /** @param channel - on which the node tells of jobs that are not wanted any more */
  constructor(channel: string) {
    const notices = new BroadcastChannel(channel);
    notices.unref();
    notices.onmessage = (event) => {
      const { abort, reason } = (event as { data: AbortNotice }).data;
      this.#running.get(abort)?.abort(new CancelledError(reason));
    };
  }

  /**
   * Runs a job.
   * @param results - the results that stand for parts of its arguments: pairs of id and JSON
   */
  run(job: ThreadJob, args: unknown, results: readonly (readonly [id: string, json: string])[]): unknown {
    const known = this.#functions.get(job.key) ?? this.#registered(job.key);
    if (known) return this.#begin(known, job, args as Json, results);
    return this.#load(job).then((loaded) => this.#begin(loaded, job, args as Json, results));
  }

  #begin(
    fn: AnyFunction,
    job: ThreadJob,
    args: Json,
    results: readonly (readonly [string, string])[],
  ): JobOutcome | Promise<JobOutcome> {
    const context = new JobContext(call(), job);
    this.#running.set(job.id, context);
    const done = (value: unknown): JobOutcome => {
      this.#running.delete(job.id);
      try {
        return {
          done: encode(value, { path: "result", action: `return from '${job.name}'`, maxSize: job.maxSize }).json,
        };
      } catch (error) {
        return { failed: encodeThrown(error, job.maxSize) };
      }
    };
    const failed = (error: unknown): JobOutcome => {
      this.#running.delete(job.id);
      return { failed: encodeThrown(error, job.maxSize) };
    };
    try {
      const given = readArguments(args, results);
      const result = runInCall(context, () => fn(...given));
      return isThenable(result) ? whenSettled(result, done, failed) : done(result);
    } catch (error) {
      return failed(error);
    }
  }

  #registered(key: string): AnyFunction | undefined {
    const registration = findRegistration(key);
    if (!registration) return undefined;
    const instance = new registration.target() as { run: AnyFunction };
    const bound: AnyFunction = (...args) => instance.run(...args);
    this.#functions.set(key, bound);
    return bound;
  }

  async #load({ url, key, name }: ThreadJob): Promise<AnyFunction> {
    await importRegistration(url, key, name);
    return this.#registered(key)!;
  }
}

export const jobRunner = register(import.meta, "JobRunner", JobRunner);

function readArguments(args: Json, results: readonly (readonly [string, string])[]): unknown[] {
  if (results.length === 0) return decode(args) as unknown[];
  const texts = new Map(results);
  const values = new Map<string, unknown>();
  return decode(args, {
    result: (id) => {
      if (!values.has(id)) values.set(id, decode(JSON.parse(texts.get(id)!) as Json));
      return values.get(id);
    },
  }) as unknown[];
}

async function whenSettled<R>(
  result: PromiseLike<unknown>,
  done: (value: unknown) => R,
  failed: (error: unknown) => R,
): Promise<R> {
  let value: unknown;
  try {
    value = await result;
  } catch (error) {
    return failed(error);
  }
  return done(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** The call that runs a job, as its function sees it: with the id and the attempt of the job. */
class JobContext implements CallContext {
  readonly id: string;
  readonly attempt: number;
  readonly deadline: CallContext["deadline"];
  readonly limits: CallContext["limits"];
  readonly grant: CallContext["grant"];
  readonly #outer: CallContext;
  #controller: AbortController | undefined;
  #signal: AbortSignal | undefined;

  constructor(outer: CallContext, job: ThreadJob) {
    this.#outer = outer;
    this.id = job.id;
    this.attempt = job.attempt;
    this.deadline = outer.deadline;
    this.limits = outer.limits;
    this.grant = outer.grant;
  }

  /** Made when first asked for: most functions never look. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    this.#signal ??= AbortSignal.any([this.#outer.signal, this.#controller.signal]);
    return this.#signal;
  }

  progress(done: number, total?: number): void {
    this.#outer.progress(done, total);
  }

  log(...values: unknown[]): void {
    this.#outer.log(...values);
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}
