/** The caller's side of a blocking pool: posts a request to the bridge thread and parks until the reply is there. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import { decodeFailure, type WireFailure } from "../wire/error-codec.js";
import { canSend, unsendableError } from "../wire/unsendable.js";
import { configuredOptions } from "../config/configure.js";
import { LONGEST_TIMER } from "../config/duration.js";
import { startThread } from "../modes/start-thread.js";
import { currentScope } from "../scope/current-scope.js";
import type { BlockingBackend } from "./blocking-pool.js";
import { effectiveOptions } from "./effective-options.js";
import { planMethods } from "./method-plan.js";
import { assertMayOpen, type PoolSource, validArguments } from "./open-pool.js";
import { type CallOptions, type ElasticSize, type PoolOptions, resolveOptions } from "./options.js";
import type { MethodInfo } from "./method-plan.js";
import type { PoolStats } from "./pool-stats.js";

/** What the caller asks of the bridge. */
export type BridgeRequest =
  | { readonly do: "call"; readonly method: number; readonly args: readonly unknown[]; readonly options: CallOptions }
  | { readonly do: "next" | "return"; readonly stream: number }
  | { readonly do: "stats" }
  | { readonly do: "resize"; readonly size: number | ElasticSize }
  | { readonly do: "stop"; readonly timeout: number | undefined };

/** What the bridge answers. */
export type BridgeReply = { readonly value: unknown } | { readonly failure: WireFailure };

/** What a bridge thread is started with. */
export interface BridgeStart {
  readonly port: MessagePort;
  /** One counter: it rises with each reply, and by the bridge's end. */
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
  readonly #bell: Int32Array;
  /** That of the pool, in ms. */
  readonly #timeout: number | undefined;
  #isStopped = false;

  /** @throws what `openPool` throws, but for functions among the options, which cannot be sent */
  constructor(source: PoolSource, explicit: PoolOptions, args: readonly unknown[]) {
    this.#source = source;
    const { port1, port2 } = new MessageChannel();
    const bell = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#port = port1;
    this.#bell = new Int32Array(bell);
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
      bell,
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
      ({ thread } = startThread(ENTRY, { workerData: start, transferList: [port2], name: `${name} bridge` }));
    } catch (cause) {
      throw unsendableError(`construct '${name}'`, "args", start.args, structuredClone, cause);
    }
    thread.unref();
    port1.unref();
  }

  call(method: MethodInfo, args: readonly unknown[], options: CallOptions): unknown {
    const bounded = this.#inScope(options);
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

  #ask(request: BridgeRequest, method = ""): unknown {
    const seen = Atomics.load(this.#bell, 0);
    try {
      this.#port.postMessage(request);
    } catch (cause) {
      const args = request.do === "call" ? request.args : [];
      const index = args.findIndex((arg) => !canSend(structuredClone, arg));
      throw unsendableError(`call '${method}'`, `args[${index}]`, args[index], structuredClone, cause);
    }
    Atomics.wait(this.#bell, 0, seen);
    const reply = receiveMessageOnPort(this.#port)?.message as BridgeReply;
    if ("value" in reply) return reply.value;
    const { name } = this.#source.registration;
    throw decodeFailure(reply.failure, (className) => this.#source.errorClasses.find(className), `${name}.${method}`);
  }
}
