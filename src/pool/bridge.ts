/**
 * The caller's side of a blocking pool: posts a request to the bridge thread and parks until the reply is there, or makes
 * the call directly to a worker that the bridge has lent with the last reply.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import type { SerializationError } from "../errors.js";
import { Bell } from "../wire/bell.js";
import { decodeFailure, type WireFailure } from "../wire/error-codec.js";
import { ToCaller, type WorkerIdentity } from "../wire/protocol.js";
import { assertTravels, clone } from "../wire/clone.js";
import { canSend, unsendableError } from "../wire/unsendable.js";
import { configuredOptions } from "../config/configure.js";
import { LONGEST_TIMER } from "../config/duration.js";
import { startThread } from "../modes/start-thread.js";
import { currentScope } from "../scope/current-scope.js";
import type { BlockingBackend } from "./blocking-pool.js";
import { type BorrowedWorker, DirectCalls } from "./direct-calls.js";
import { effectiveOptions } from "./effective-options.js";
import type { Lease, LostWorker, Usage } from "./lending.js";
import { planMethods } from "./method-plan.js";
import { assertMayOpen, type PoolSource, validArguments } from "./open-pool.js";
import { type CallOptions, type ElasticSize, type PoolOptions, resolveOptions } from "./options.js";
import type { MethodInfo } from "./method-plan.js";
import { printLog } from "./print-log.js";
import type { PoolStats } from "./pool-stats.js";

/** What the caller asks of the bridge. */
export type BridgeRequest =
  | { readonly do: "call"; readonly method: number; readonly args: readonly unknown[]; readonly options: CallOptions }
  | { readonly do: "next" | "return"; readonly stream: number }
  | { readonly do: "stats" }
  | { readonly do: "resize"; readonly size: number | ElasticSize }
  | { readonly do: "stop"; readonly timeout: number | undefined }
  | { readonly do: "lost"; readonly worker: LostWorker; readonly method: number };

/** A request, and what was done meanwhile with what was lent. */
export interface BridgeMessage {
  readonly request: BridgeRequest;
  readonly usages: readonly Usage[];
}

/** What the bridge answers, and what it lends. */
export type BridgeReply = ({ readonly value: unknown } | { readonly failure: WireFailure }) & {
  readonly lease: Lease | undefined;
};

/** What a method logged; such come before the reply to its call. */
export interface BridgeLog {
  readonly worker: WorkerIdentity;
  readonly logged: readonly unknown[];
}

/** What a bridge thread is started with. */
export interface BridgeStart {
  readonly port: MessagePort;
  /** Wakes the caller: with each reply, and for what was lent. */
  readonly bell: SharedArrayBuffer;
  readonly url: string;
  readonly key: string;
  readonly name: string;
  /** Those of the call of `.options()`: what the definition says, it says there too. */
  readonly options: PoolOptions;
  /** What is configured on the caller's side. */
  readonly configured: PoolOptions;
  /** As their schema has them: it is not asked again. */
  readonly args: readonly unknown[];
  readonly depth: number;
}

const ENTRY = new URL("bridge-entry.js", import.meta.url);

/**
 * What the options hold is sent to the bridge, which cannot be done with functions, classes and limits.
 * @throws {TypeError} naming the option
 */
function refuseFunctions(options: PoolOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (canSend(structuredClone, value) && !(name === "limits" && value)) continue;
    throw new TypeError(
      `Cannot set '${name}' for a pool that blocks as its calls are made in another thread, where functions and limits of ` +
        "this one are not: give them in the definition of the worker, or use a pool that does not block",
    );
  }
}

/** Without the options that the definition sets: functions among them need not be sent. */
function relevant(configured: PoolOptions, definition: PoolOptions): PoolOptions {
  return Object.fromEntries(Object.entries(configured).filter(([name]) => !Object.hasOwn(definition, name)));
}

export class Bridge implements BlockingBackend {
  readonly #source: PoolSource;
  readonly #port: MessagePort;
  readonly #bell = new Bell();
  readonly #direct = new DirectCalls(this.#bell);
  /** That of the pool, in ms. */
  readonly #timeout: number | undefined;
  #isStopped = false;

  /** @throws what `openPool` throws, but for functions among the options, which cannot be sent */
  constructor(source: PoolSource, explicit: PoolOptions, args: readonly unknown[]) {
    this.#source = source;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const { registration, methods, errorClasses } = source;
    const { url, key, name } = registration;
    const options = effectiveOptions(explicit, source.defaults);
    const resolved = resolveOptions(options);
    const depth = assertMayOpen(registration, resolved);
    this.#timeout = resolved.timeout;
    const configured = relevant(configuredOptions(options.mode!), source.defaults);
    const own = { ...explicit, mode: options.mode, blocking: false };
    refuseFunctions({ ...configured, ...own });
    planMethods(name, methods, {
      definition: source.facts,
      pool: own.methods,
      retry: own.retry,
      schema: source.schema,
    });
    errorClasses.load(url);
    const start: BridgeStart = {
      port: port2,
      bell: this.#bell.memory,
      url,
      key,
      name,
      args: validArguments(source, args),
      depth,
      options: own,
      configured,
    };
    let thread: Worker;
    try {
      assertTravels(start.args);
      ({ thread } = startThread(ENTRY, { workerData: start, transferList: [port2], name: `${name} bridge` }));
    } catch (cause) {
      throw unsendableError(`construct '${name}'`, "args", start.args, clone, cause);
    }
    // For what is logged while the caller does something else: a reply is taken where it is waited for.
    port1.on("message", (message: BridgeReply | BridgeLog) => {
      if ("logged" in message) printLog(name, message.worker, message.logged);
    });
    thread.unref();
    port1.unref();
  }

  call(method: MethodInfo, args: readonly unknown[], options: CallOptions): unknown {
    const bounded = this.#inScope(options);
    const worker = isEmpty(bounded) ? this.#direct.workerFor(method) : undefined;
    if (worker) {
      const answer = this.#callDirectly(worker, method, args);
      if (answer) return answer.value;
    }
    const result = this.#ask({ do: "call", method: method.index, args, options: bounded }, method.name);
    return method.isStream ? this.#iterate(result as number) : result;
  }

  stats(): PoolStats {
    return this.#ask({ do: "stats" }) as PoolStats;
  }

  resize(size: number | ElasticSize): void {
    this.#ask({ do: "resize", size });
  }

  stop(timeout: number | undefined): void {
    if (this.#isStopped) return;
    this.#ask({ do: "stop", timeout });
    this.#direct.close();
    this.#isStopped = true;
  }

  /** A group cannot reach a caller that blocks: what can be done is to end the call by its deadline. */
  #inScope(options: CallOptions): CallOptions {
    const scope = currentScope();
    if (scope?.cancellation) throw scope.cancellation.reason;
    if (scope?.deadline === undefined) return options;
    const left = Math.max(0, scope.deadline - Date.now());
    return { ...options, timeout: Math.min(options.timeout ?? this.#timeout ?? LONGEST_TIMER, left) };
  }

  *#iterate(stream: number): Generator<unknown, void, undefined> {
    let isDone = false;
    try {
      for (;;) {
        const result = this.#ask({ do: "next", stream }) as IteratorResult<unknown, undefined>;
        if (result.done) {
          isDone = true;
          return;
        }
        yield result.value;
      }
    } finally {
      if (!isDone) this.#ask({ do: "return", stream });
    }
  }

  /** Makes a call to a worker that is lent; `undefined` where that died before it could begin. */
  #callDirectly(
    worker: BorrowedWorker,
    method: MethodInfo,
    args: readonly unknown[],
  ): { readonly value: unknown } | undefined {
    let answer: unknown[] | undefined;
    try {
      answer = this.#direct.call(worker, method, args);
    } catch (cause) {
      throw unsendable(method.name, args, cause);
    }
    if (!answer) {
      if (!worker.noteLoss()) return undefined;
      const { index, id, isUnreadable } = worker;
      return {
        value: this.#ask({ do: "lost", worker: { index, id, isUnreadable }, method: method.index }, method.name),
      };
    }
    const [code, , , value] = answer;
    if (code === ToCaller.done) return { value };
    worker.noteFailure();
    throw this.#revive(value as WireFailure, method.name);
  }

  #ask(request: BridgeRequest, method = ""): unknown {
    const message: BridgeMessage = { request, usages: this.#direct.giveBack() };
    try {
      if (request.do === "call") assertTravels(request.args);
      this.#port.postMessage(message);
    } catch (cause) {
      throw unsendable(method, request.do === "call" ? request.args : [], cause);
    }
    const reply = this.#receive();
    this.#direct.borrow(reply.lease);
    if ("value" in reply) return reply.value;
    throw this.#revive(reply.failure, method);
  }

  #receive(): BridgeReply {
    for (;;) {
      const { count } = this.#bell;
      const received = receiveMessageOnPort(this.#port);
      if (!received) {
        this.#bell.wait(count);
        continue;
      }
      const message = received.message as BridgeReply | BridgeLog;
      if (!("logged" in message)) return message;
      printLog(this.#source.registration.name, message.worker, message.logged);
    }
  }

  #revive(failure: WireFailure, method: string): unknown {
    const { name } = this.#source.registration;
    return decodeFailure(failure, (className) => this.#source.errorClasses.find(className), `${name}.${method}`);
  }
}

function unsendable(method: string, args: readonly unknown[], cause: unknown): SerializationError {
  const index = args.findIndex((arg) => !canSend(clone, arg));
  return unsendableError(`call '${method}'`, `args[${index}]`, args[index], clone, cause);
}

function isEmpty(options: object): boolean {
  for (const _ in options) return false;
  return true;
}
