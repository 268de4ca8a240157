/** Options of commands that speak to a broker. */
import { type ResolvedBroker, resolveBroker } from "../../config/broker.js";
import type { OptionSpec, OptionValues } from "../command.js";
import { readDuration, readText } from "../read-value.js";

export const BROKER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  redis: {
    type: "string",
    value: "URL",
    help: "redis://[user:password@]host[:port][/db], or rediss:// (default: $MANYHANDS_BROKER, $REDIS_URL, else here)",
  },
  prefix: {
    type: "string",
    value: "NAME",
    help: "What all keys begin with (default: $MANYHANDS_PREFIX, else manyhands)",
  },
};

/**
 * Reads where the broker is.
 * @throws {UsageError | TypeError | RangeError} naming the option at fault
 */
export function readBroker(values: OptionValues): ResolvedBroker {
  return resolveBroker({
    url: readText(values, "redis"),
    prefix: readText(values, "prefix"),
    lease: readDuration(values, "lease"),
  });
}
