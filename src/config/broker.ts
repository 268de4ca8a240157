/** How a broker is reached: what users say, what is filled in, and what is refused. */
import { checkFields } from "./check-fields.js";
import { duration } from "./duration.js";
import { show } from "./show.js";

/** The broker: a Redis server, version 7 or later, or Valkey. */
export interface BrokerOptions {
  /**
   * Where it is: `redis://[user:password@]host[:port][/db]`, or `rediss://…` with TLS. Default: the environment variable
   * `MANYHANDS_BROKER`, else `REDIS_URL`, else `redis://127.0.0.1:6379`.
   */
  readonly url?: string | undefined;
  /**
   * What all keys begin with: those with another prefix see nothing of each other. Default: the environment variable
   * `MANYHANDS_PREFIX`, else `"manyhands"`.
   */
  readonly prefix?: string | undefined;
  /** How long what needs the broker waits while it is away, or has no memory left, in ms. Default: 30,000. */
  readonly brokerTimeout?: number | undefined;
  /** How long a node or a caller may be silent until it counts as dead, in ms, from 1,000. Default: 10,000. */
  readonly lease?: number | undefined;
}

/** With every default filled in. */
export interface ResolvedBroker {
  readonly url: string;
  readonly prefix: string;
  readonly brokerTimeout: number;
  readonly lease: number;
}

const SHORTEST_LEASE_MS = 1000;
/** In the braces of a key of Redis Cluster, and in a pattern, it stands for itself. */
const PREFIX = /^[\w.:-]{1,64}$/;

/**
 * Checks what says where the broker is, and fills in the defaults.
 * @throws {TypeError | RangeError} naming the option, its value, and what it must be
 */
export function resolveBroker(given: string | BrokerOptions = {}): ResolvedBroker {
  const options = typeof given === "string" ? { url: given } : given;
  checkFields("broker", options, ["url", "prefix", "brokerTimeout", "lease"]);
  const { MANYHANDS_BROKER, MANYHANDS_PREFIX, REDIS_URL } = process.env;
  const url = options.url ?? (MANYHANDS_BROKER || REDIS_URL || "redis://127.0.0.1:6379");
  if (typeof url !== "string" || !/^rediss?:\/\//.test(url) || !URL.canParse(url)) {
    throw new TypeError(
      `Cannot set 'broker' as its url must begin with redis:// or rediss://: current value is ${show(hidePassword(url))}`,
    );
  }
  const prefix = options.prefix ?? (MANYHANDS_PREFIX || "manyhands");
  if (typeof prefix !== "string" || !PREFIX.test(prefix)) {
    throw new TypeError(
      "Cannot set 'broker.prefix' as it must be 1 to 64 letters, digits, '.', ':', '_' or '-': current value is " +
        show(prefix),
    );
  }
  const lease = duration("broker.lease", options.lease ?? 10_000);
  if (lease < SHORTEST_LEASE_MS) {
    throw new RangeError(
      `Cannot set 'broker.lease' as it must be at least ${SHORTEST_LEASE_MS} ms: current value is ${lease}`,
    );
  }
  return { url, prefix, brokerTimeout: duration("broker.brokerTimeout", options.brokerTimeout ?? 30_000), lease };
}

/** The address of a broker as it may be shown. */
export function hidePassword(url: unknown): unknown {
  return typeof url === "string" ? url.replace(/(:\/\/[^/@]*?:)[^@]*@/, "$1***@") : url;
}
