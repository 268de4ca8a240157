/**
 * Options for pools that do not say otherwise: for the whole thread, and for a stretch of code.
 *
 * Owns what `configure` and `withConfig` were told, once per thread. Knows sections and modes, and not the options in
 * them: whoever does passes a check. What decides on an option of a pool, the strongest first:
 *
 * 1. for the mode alone: the environment variable `MANYHANDS_MODE`, see `forcedMode`
 * 2. `.options()` of the pool
 * 3. the defaults in its definition
 * 4. `withConfig`, the innermost first; in each, the section of the pool's mode before `defaults`
 * 5. `configure`: the section of the pool's mode, then `defaults`
 * 6. what is built in
 *
 * C1. An option is taken as a whole from the strongest that names it, also as `undefined`: that sets it back to what is
 *     built in. Objects such as `healthCheck` are not merged.
 * C2. A configuration that is refused changes nothing.
 */
import { show } from "./show.js";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  type ConfigSections,
  type KeptOptions,
  keepSections,
  type KeptSections,
  type SectionCheck,
} from "./config-sections.js";
import type { Mode } from "./mode.js";
import { processWide } from "./process-wide.js";

/** The configuration of a `withConfig` that runs, inside of another or not. */
interface ConfigScope {
  readonly sections: KeptSections;
  readonly outer: ConfigScope | undefined;
}

interface ConfigState {
  base: KeptSections;
  /** Made by the first `withConfig`: on Node 20, one in use slows every promise of the thread. */
  scopes: AsyncLocalStorage<ConfigScope> | undefined;
}

const state = processWide<ConfigState>("config", () => ({ base: {}, scopes: undefined }));

/**
 * Sets options for all pools that are made from now on and do not set them themselves.
 *
 * A later call replaces the sections that it names, and leaves the others; `configure({ thread: undefined })` clears one.
 * Pools that exist keep what they have. It holds in this thread only: worker threads and child processes begin without a
 * configuration, so pools made inside workers need a `configure` in a module that the worker loads.
 *
 * @param check - is asked about each section before anything is changed
 * @throws {TypeError} for an unknown section, one that is no object, and a `mode` that is none or not in `defaults`; and
 *   what `check` throws
 * @example
 * configure({ defaults: { mode: "process", timeout: 30_000 }, thread: { maxWorkers: 4 } });
 */
export function configure(config: ConfigSections, check?: SectionCheck): void {
  state.base = { ...state.base, ...keepSections(config, check) };
}

/**
 * Runs a function in which pools are made with these options on top of what is configured outside of it, and returns
 * what it returns.
 *
 * It also holds in what the function awaits and starts, in timers too, and nowhere else: calls that run at the same time
 * do not see each other's. A pool made inside keeps its options after the function has ended; one made before does not
 * change. Nested calls add up, key by key, and the inner one wins; a section that is `undefined` says nothing. As for
 * `configure`, it does not reach into workers.
 *
 * @param check - is asked about each section before the function runs
 * @throws {TypeError} as `configure` does, and when `fn` is no function; and what `check` and `fn` throw
 * @example
 * const report = await withConfig({ defaults: { mode: "sync" } }, () => buildReport(files));
 */
export function withConfig<R>(config: ConfigSections, fn: () => R, check?: SectionCheck): R {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot run with a configuration as 'fn' must be a function: current value is ${show(fn)}`);
  }
  const scope: ConfigScope = { sections: keepSections(config, check), outer: state.scopes?.getStore() };
  state.scopes ??= new AsyncLocalStorage();
  return state.scopes.run(scope, fn);
}

/** The options that are configured here for pools of a mode, without `mode` itself; see the precedence above. */
export function configuredOptions(mode: Mode): KeptOptions {
  let merged: KeptOptions = {};
  // Spread, not assigned: a key `__proto__` must stay inert.
  for (const layer of layersHere()) merged = { ...merged, ...layer.defaults, ...layer[mode] };
  const { mode: _mode, ...options } = merged;
  return options;
}

/** The mode that is configured here for pools that name none; `MANYHANDS_MODE` beats it. */
export function configuredMode(): Mode | undefined {
  const layer = layersHere().findLast(({ defaults }) => defaults && Object.hasOwn(defaults, "mode"));
  return layer?.defaults?.mode as Mode | undefined;
}

/** All configurations that hold here, the strongest last. */
function layersHere(): KeptSections[] {
  const layers: KeptSections[] = [];
  for (let scope = state.scopes?.getStore(); scope; scope = scope.outer) layers.push(scope.sections);
  return [state.base, ...layers.toReversed()];
}
