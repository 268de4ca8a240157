/** Makes a pool from a definition: the place where a mode, its options and a class come together. */
import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Mode } from "../config/mode.js";
import { processWide } from "../config/process-wide.js";
import { validateValueSync } from "../config/validate.js";
import { DefinitionError } from "../errors.js";
import { assertMayStartPool, hostState } from "../host/host-state.js";
import type { Executor } from "../modes/executor.js";
import { asyncExecutor, syncExecutor } from "../modes/local.js";
import { distributedExecutor } from "../modes/distributed.js";
import { assertNotBundled } from "../modes/host-program.js";
import { processExecutor } from "../modes/process.js";
import { threadExecutor } from "../modes/thread.js";
import type { Registration } from "../registry.js";
import type { WorkerBlueprint } from "../wire/protocol.js";
import type { ErrorClasses } from "./error-classes.js";
import { type Configured, effectiveOptions } from "./effective-options.js";
import { type MethodInfo, type MethodOptions, planMethods, type WorkerSchema } from "./method-plan.js";
import { type PoolOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { PoolCore } from "./pool-core.js";
import { PoolLimits } from "./pool-limits.js";
import { stopOnSignals } from "./signals.js";

const EXECUTORS: Readonly<Record<Mode, Executor>> = {
  sync: syncExecutor,
  async: asyncExecutor,
  thread: threadExecutor,
  process: processExecutor,
  distributed: distributedExecutor,
};

/** A definition as pools need it. */
export interface PoolSource {
  readonly registration: Registration;
  readonly methods: readonly MethodInfo[];
  readonly errorClasses: ErrorClasses;
  /** Options of all its pools. */
  readonly defaults: PoolOptions;
  /** What it says of methods. */
  readonly facts: Readonly<Record<string, MethodOptions>>;
  readonly schema: WorkerSchema | undefined;
}

const sources = new WeakMap<Registration, PoolSource>();

/** Keeps a definition for whoever finds its registration. */
export function rememberSource(source: PoolSource): void {
  sources.set(source.registration, source);
}

export function sourceOf(registration: Registration): PoolSource {
  return sources.get(registration)!;
}

let pools = 0;

/**
 * Makes a pool; its workers start with the first calls.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @throws {DefinitionError} where main code would run again in the hosts
 * @throws {ValidationError} when the constructor arguments do not pass their schema
 * @throws {SerializationError} when a constructor argument cannot be sent
 */
export function openPool(
  source: PoolSource,
  explicit: PoolOptions,
  args: readonly unknown[],
  configured?: Configured,
): PoolCore {
  const { registration, methods, errorClasses, facts, schema } = source;
  const { name } = registration;
  const options = effectiveOptions(explicit, source.defaults, configured);
  const resolved = resolveOptions(options);
  const plans = planMethods(name, methods, { definition: facts, pool: options.methods, retry: options.retry, schema });
  const hasCosts = plans.some((plan) => plan?.cost !== undefined);
  const limits = new PoolLimits(options.limits);
  const executor = EXECUTORS[resolved.mode];
  assertMayOpen(registration, resolved);
  const probe = resolved.healthCheck?.method;
  if (probe !== undefined && !methods.some((method) => method.name === probe)) {
    throw new TypeError(`Cannot check the health of '${name}' as it has no method '${probe}'`);
  }
  pools += 1;
  const id = `${name}-${pools}${place(resolved.mode)}`;
  const blueprint: WorkerBlueprint = {
    key: registration.key,
    url: registration.url,
    name,
    methods: methods.map((method) => method.name),
    constructorArgs: executor.prepareArguments(name, validArguments(source, args)),
    concurrency: resolved.concurrency,
    pool: id,
    depth: hostState.depth + 1,
  };
  if (executor.canTerminate) errorClasses.load(registration.url);
  const core = new PoolCore({
    name,
    id,
    methods,
    options: resolved,
    limits,
    plans: plans.some(Boolean) ? plans : undefined,
    createHost: (identity, events, workerLimits) =>
      executor.create({
        start: { blueprint, identity },
        events,
        label: name,
        errorClasses: (errorName) => errorClasses.find(errorName),
        settings: resolved.host,
        actor: resolved.actor,
        limits: workerLimits,
        hasCosts,
      }),
  });
  const { watchRoom } = executor;
  if (watchRoom && options.maxWorkers === undefined) {
    // As many as there is room for, as nodes come and go, until somebody sets another size.
    let size = resolved.max;
    const stopWatching = watchRoom(registration, resolved.actor!, (workers) => {
      if (core.isStopped || core.roster.max !== size) return;
      size = Math.max(1, workers);
      core.resize(size);
    });
    core.events.on("stop", stopWatching);
  }
  if (resolved.handleSignals) core.events.on("stop", stopOnSignals(core));
  return core;
}

/** What sets the ids of this program apart where those of others are seen too. */
function place(mode: Mode): string {
  if (mode === "distributed") return `@${processWide("program", () => Math.random().toString(36).slice(2, 10))}`;
  return hostState.depth === 0 ? "" : `@${hostState.depth}.${process.pid}`;
}

/**
 * Returns the number of hosts around this code.
 * @throws {DefinitionError} where main code would run again in the hosts
 */
export function assertMayOpen(registration: Registration, options: ResolvedOptions): number {
  assertMayStartPool(registration.name);
  const { mode } = options;
  if (EXECUTORS[mode].canTerminate) assertNotMain(registration);
  if (mode === "thread" || mode === "process") assertNotBundled(mode, registration.name);
  return hostState.depth;
}

/**
 * Constructor arguments as their schema has them.
 * @throws {ValidationError} when they do not pass
 */
export function validArguments({ schema, registration }: PoolSource, args: readonly unknown[]): readonly unknown[] {
  if (!schema?.init) return args;
  return validateValueSync(schema.init, args, { kind: "init", name: registration.name }) as readonly unknown[];
}

/** A host would run the main script again, with everything that it does. */
function assertNotMain({ url, name }: Registration): void {
  if (!url.startsWith("file:") || url !== mainUrl()) return;
  throw new DefinitionError(
    `Cannot start a pool of '${name}' as it is defined in the main script, which its workers would run again: move the ` +
      "class into a module of its own, which a bundler must keep a file of its own, or use mode 'async' or 'sync'",
  );
}

function mainUrl(): string | undefined {
  const [, script] = process.argv;
  if (script === undefined) return undefined;
  for (const ending of ["", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", "/index.js"]) {
    try {
      const path = realpathSync(script + ending);
      if (ending !== "" || /\.[cm]?[jt]sx?$/.test(path)) return pathToFileURL(path).href;
    } catch {
      // Node.js found it with another ending.
    }
  }
  return undefined;
}
