import { abortSignal } from "../../config/abort-signal.js";
import { atLeast } from "../../config/at-least.js";
import { checkFields } from "../../config/check-fields.js";
import { duration } from "../../config/duration.js";
import { show } from "../../config/show.js";
import type { QueryOptions } from "./database.js";

/** The options of a query, checked, with their defaults. */
export interface QuerySettings {
  readonly timeout: number;
  readonly maxRows: number;
  readonly signal: AbortSignal | undefined;
}

/** More than this is not read into memory for one query, in bytes. */
export const MOST_BYTES = 32 * 1024 * 1024;

/** The most rows that may be asked for: databases count the rows of a step in 31 bits. */
const MOST_ROWS = 1_000_000_000;

/** @throws {TypeError | RangeError} for an option that is not valid */
export function querySettings(options: QueryOptions = {}): QuerySettings {
  checkFields("options", options, ["timeout", "maxRows", "signal"]);
  const { timeout = 30_000, maxRows = 1000 } = options;
  // In databases, 0 stands for no limit at all.
  if (timeout === 0) throw new RangeError("Cannot set 'timeout' as it must be more than 0: current value is 0");
  if (atLeast("maxRows", maxRows, 1) > MOST_ROWS) {
    throw new RangeError(`Cannot set 'maxRows' as it must be at most ${MOST_ROWS}: current value is ${show(maxRows)}`);
  }
  return {
    timeout: Math.max(1, Math.ceil(duration("timeout", timeout))),
    maxRows,
    signal: abortSignal("signal", options.signal),
  };
}
