/** Options of commands that speak to a broker. */
import { readFileSync } from "node:fs";
import { type ResolvedBroker, resolveBroker } from "../../config/broker.js";
import type { BrokerTls } from "../../config/broker-tls.js";
import { show } from "../../config/show.js";
import type { OptionSpec, OptionValues } from "../command.js";
import { readDuration, readText } from "../read-value.js";
import { UsageError } from "../usage-error.js";

export const BROKER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  redis: {
    type: "string",
    value: "URL",
    help: "redis://[user:password@]host[:port][/db], or rediss:// (default: $MANYHANDS_BROKER, $REDIS_URL, else here)",
  },
  "tls-ca": {
    type: "string",
    value: "FILE",
    help: "With rediss://: the authorities to trust, in PEM format (default: those of Node.js)",
  },
  "tls-cert": { type: "string", value: "FILE", help: "With rediss://: the certificate of this side" },
  "tls-key": { type: "string", value: "FILE", help: "With rediss://: its key" },
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
    tls: readTls(values),
    prefix: readText(values, "prefix"),
    lease: readDuration(values, "lease"),
  });
}

function readTls(values: OptionValues): BrokerTls | undefined {
  const tls = { ca: readFile(values, "tls-ca"), cert: readFile(values, "tls-cert"), key: readFile(values, "tls-key") };
  return Object.values(tls).some((text) => text !== undefined) ? tls : undefined;
}

function readFile(values: OptionValues, name: string): string | undefined {
  const path = readText(values, name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(
      `Cannot set '--${name}' as the file cannot be read (${(error as Error).message}): current value is ${show(path)}`,
    );
  }
}
