/** How a broker is reached: what users say, what is filled in, and what is refused. */
import { type BrokerTls, type ResolvedTls, resolveTls } from "./broker-tls.js";
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
  /** For `rediss://`: whom to trust, and the certificate of this side. Default: the authorities that Node.js trusts. */
  readonly tls?: BrokerTls | undefined;
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

/** With every default filled in. As JSON it is the same for the same broker: things that are shared are found by that. */
export interface ResolvedBroker {
  readonly url: string;
  readonly tls?: ResolvedTls;
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
  checkFields("broker", options, ["url", "tls", "prefix", "brokerTimeout", "lease"]);
  const { MANYHANDS_BROKER, MANYHANDS_PREFIX, REDIS_URL } = process.env;
  const url = options.url ?? (MANYHANDS_BROKER || REDIS_URL || "redis://127.0.0.1:6379");
  if (typeof url !== "string" || !/^rediss?:\/\//.test(url) || !URL.canParse(url)) {
    throw new TypeError(
      `Cannot set 'broker' as its url must begin with redis:// or rediss://: current value is ${show(hidePassword(url))}`,
    );
  }
  const tls = resolveTls(options.tls);
  if (tls && !url.startsWith("rediss:")) {
    throw new TypeError(
      `Cannot set 'broker.tls' as the url must begin with rediss:// then: current value is ${show(hidePassword(url))}`,
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
  const brokerTimeout = duration("broker.brokerTimeout", options.brokerTimeout ?? 30_000);
  return { url, ...(tls && { tls }), prefix, brokerTimeout, lease };
}

/** The address of a broker as it may be shown; also one that is not valid, where its password may hold anything. */
export function hidePassword(url: unknown): unknown {
  if (typeof url !== "string") return url;
  return url.replace(/^((?:[\w+.-]*:\/\/)?[^:@/]*:).*@/s, "$1***@").replace(/([?&]password=)[^&]*/gi, "$1***");
}
