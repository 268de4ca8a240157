/** How many items run at once, and how far ahead: what `map` and the stages of a pipeline have in common. */
import { show } from "../config/show.js";
import { atLeast } from "../pool/options.js";
import { callableOf } from "../pool/callables.js";
import type { EngineOptions } from "./map-engine.js";

/** How items go through a function. */
export interface FlowOptions {
  /**
   * Items that run at once. Default: 16; for a pool method or a task what keeps all workers of its pool busy, which is
   * for each of them what it runs at once and what is handed to it ahead of time. `Infinity` leaves it to `window`.
   */
  concurrency?: number | undefined;
  /** Whether results come in the order of their items. Default: true; else each comes as soon as it is there. */
  ordered?: boolean | undefined;
  /**
   * Items that are taken from the source and not yet delivered, at most: what runs, and results that wait, for their
   * reader or for an earlier one. At least `concurrency`. Default: in order 32 times `concurrency` and at most 1,024,
   * as behind one slow item the others go on only so far; else 4 times `concurrency`; in both cases at least twice.
   */
  window?: number | undefined;
}

/** The names of {@link FlowOptions}. */
export const FLOW_OPTIONS: Readonly<Record<keyof FlowOptions, true>> = {
  concurrency: true,
  ordered: true,
  window: true,
};

const DEFAULT_CONCURRENCY = 16;
const LARGEST_DEFAULT = 1024;

/**
 * Checks options and fills in the defaults.
 *
 * @param path - what messages put before the name of an option, as in `options.`
 * @param fn - what runs for each item: one that makes calls of a pool says how many keep that busy
 * @throws {TypeError | RangeError} naming the option, its value, and what it must be
 */
export function resolveFlow(path: string, options: FlowOptions, fn: unknown): EngineOptions {
  const { concurrency: asked, window: askedWindow } = options;
  const ordered = flag(`${path}ordered`, options.ordered, true);
  const window = askedWindow === undefined ? undefined : atLeast(`${path}window`, askedWindow, 1);
  const concurrency =
    asked === undefined
      ? Math.min(callableOf(fn)?.capacity() ?? DEFAULT_CONCURRENCY, window ?? Number.POSITIVE_INFINITY)
      : atLeast(`${path}concurrency`, asked, 1);
  if (window === undefined) return { concurrency, window: defaultWindow(concurrency, ordered), ordered };
  if (window >= concurrency || concurrency === Number.POSITIVE_INFINITY) return { concurrency, window, ordered };
  throw new RangeError(
    `Cannot set '${path}window' as it must be at least the concurrency, which is ${concurrency}: current value is ${show(window)}`,
  );
}

/**
 * A boolean option.
 * @throws {TypeError} when it is none
 */
export function flag(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === "boolean") return value;
  throw new TypeError(`Cannot set '${name}' as it must be a boolean: current value is ${show(value)}`);
}

function defaultWindow(concurrency: number, ordered: boolean): number {
  if (concurrency === Number.POSITIVE_INFINITY) return LARGEST_DEFAULT;
  return Math.max(2 * concurrency, Math.min(LARGEST_DEFAULT, (ordered ? 32 : 4) * concurrency));
}
