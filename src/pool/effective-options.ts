/** The options of a pool from all the places where they can be set; the order of precedence is in `config/configure.ts`. */
import type { ConfigSections } from "../config/config-sections.js";
import {
  configure as setConfiguration,
  configuredMode,
  configuredOptions,
  withConfig as runWithConfiguration,
} from "../config/configure.js";
import { forcedMode } from "../config/forced-mode.js";
import type { Mode } from "../config/mode.js";
import { resolveRetry } from "../retry/options.js";
import { type PoolOptions, resolveOptions } from "./options.js";
import { PoolLimits } from "./pool-limits.js";

/**
 * Options for pools that do not set them themselves, by mode; `defaults` is for all modes. What belongs to one class
 * (`methods`) or decides on the type of a pool (`blocking`) is not among them.
 */
export type Configuration = ConfigSections<Omit<PoolOptions, "methods" | "blocking">>;

/** What is configured in this thread for pools of a mode; the mode itself, where it is configured, too. */
export interface Configured {
  readonly mode: Mode | undefined;
  readonly options: (mode: Mode) => PoolOptions;
  /** Whether `MANYHANDS_MODE` does not count. @default false */
  readonly isFixed?: boolean;
}

/** For pools of the library's own, which are no business of whoever configures those of a program. */
export const UNCONFIGURED: Configured = { mode: undefined, options: () => ({}), isFixed: true };

const HERE: Configured = {
  get mode() {
    return configuredMode();
  },
  options: (mode) => configuredOptions(mode) as PoolOptions,
};

/**
 * Mode `sync` has one worker, always: a size that was meant for other modes does not count there, as when the environment
 * or the configuration chooses the mode, or `.options()` do and the size is the definition's.
 *
 * @throws {TypeError} when `MANYHANDS_MODE` is no mode
 */
export function effectiveOptions(
  explicit: PoolOptions,
  definition: PoolOptions,
  configured: Configured = HERE,
): PoolOptions {
  const forced = configured.isFixed ? undefined : forcedMode();
  const mode = forced ?? explicit.mode ?? definition.mode ?? configured.mode ?? "thread";
  const { maxWorkers: configuredSize, ...common } = configured.options(mode);
  const size = mode === "sync" ? undefined : configuredSize;
  const options = { ...common, ...(size !== undefined && { maxWorkers: size }), ...definition, ...explicit, mode };
  if (mode !== "sync") return options;
  const { maxWorkers: _size, ...others } = options;
  return { ...others, ...sizeWithMode(explicit, definition, forced) };
}

/** The size, as far as whoever gave it knew of the mode. */
function sizeWithMode(explicit: PoolOptions, definition: PoolOptions, forced: Mode | undefined): PoolOptions {
  const isKnown = forced === undefined && (explicit.mode ?? definition.mode) !== undefined;
  if (!isKnown) return {};
  const { maxWorkers } = explicit.mode === undefined ? { ...definition, ...explicit } : explicit;
  return maxWorkers === undefined ? {} : { maxWorkers };
}

/**
 * Sets options for all pools that are made from now on and do not set them themselves; `.options()` of a pool and the
 * defaults of its definition beat them, the section of a mode beats `defaults`.
 *
 * A later call replaces the sections that it names, and leaves the others; `configure({ thread: undefined })` clears one.
 * Pools that exist keep what they have. It holds in this thread only: worker threads and child processes begin without a
 * configuration.
 *
 * @throws {TypeError | RangeError} for a section or an option that does not exist, and for values that are not valid
 * @example
 * configure({ defaults: { mode: "process", timeout: 30_000 }, thread: { maxWorkers: 4 } });
 */
export function configure(configuration: Configuration): void {
  setConfiguration(configuration, checkSection);
}

/**
 * Runs a function in which pools are made with these options on top of what is configured outside of it, and returns
 * what it returns. It holds in what the function awaits too, and nowhere else.
 *
 * @throws {TypeError | RangeError} as `configure` does; and what `fn` throws
 * @example
 * const report = await withConfig({ defaults: { mode: "sync" } }, () => buildReport(files));
 */
export function withConfig<R>(configuration: Configuration, fn: () => R): R {
  return runWithConfiguration(configuration, fn, checkSection);
}

function checkSection(options: object, section: string): void {
  const { mode = "thread", ...others } = options as PoolOptions;
  for (const name of ["methods", "blocking"] as const) {
    if (others[name] === undefined) continue;
    const why = name === "methods" ? "methods are those of one class" : "the type of a pool depends on it";
    throw new TypeError(`Cannot set '${name}' in '${section}' as ${why}: set it in options()`);
  }
  // A size in `defaults` is for pools of other modes, too.
  const own = section === "defaults" ? mode : (section as Mode);
  resolveOptions({ ...others, mode: section === "defaults" && own === "sync" ? "thread" : own });
  if (others.retry !== undefined) resolveRetry(others.retry);
  // Throws for what is none.
  if (others.limits !== undefined) void new PoolLimits(others.limits);
}
