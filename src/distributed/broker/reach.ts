/** Waits for a broker when it is first needed, and says what is wrong with one that cannot be used. */
import { setTimeout as pause } from "node:timers/promises";
import type { ResolvedBroker } from "../../config/broker.js";
import { isPassing, pauseAfter } from "../line/broker-faults.js";
import type { Connection } from "./connection.js";
import { unavailable } from "./within.js";

const OLDEST_REDIS = 7;
/** What another try would not change: certificates and keys that are not accepted, and servers without TLS. */
const FINAL = /^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/;

/**
 * Resolves when the server has answered, and is one that can be used.
 *
 * @param what - what cannot be done without it, to stand after "Cannot", such as `"join as a node"`
 * @param away - told once why, when another try has to be made
 * @throws {BrokerUnavailableError} at once when the server does not let us in, has a certificate that cannot be trusted, is no
 *   Redis, too old, or a replica; else when it has not answered for `brokerTimeout`
 */
export async function reach(
  connection: Connection,
  broker: ResolvedBroker,
  what: string,
  away: (reason: string) => void = () => {},
): Promise<void> {
  const stop = new AbortController();
  let last: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  let onError!: (error: Error) => void;
  const failed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const reason = last ? `: ${reasonOf(last)}` : "";
      reject(unavailable(broker, what, `did not answer for ${broker.brokerTimeout} ms${reason}`, last));
    }, broker.brokerTimeout);
    onError = (error) => {
      if (FINAL.test((error as NodeJS.ErrnoException).code ?? "")) {
        reject(unavailable(broker, what, `cannot be trusted, or speaks no TLS: ${reasonOf(error)}`, error));
      } else if (!last && error.name !== "ReplyError") {
        away(reasonOf(error));
      }
      last = error;
    };
  });
  connection.on("error", onError);
  try {
    const facts = await Promise.race([askedUntilAnswered(connection, broker, what, stop.signal), failed]);
    // A database that is not there does not end the connection: it would be in the first one.
    if (last?.name === "ReplyError") throw refused(broker, what, last);
    assertUsable(facts, broker, what);
  } finally {
    stop.abort();
    clearTimeout(timer);
    connection.off("error", onError);
  }
}

/** What the server says of itself; nothing where we may not ask. */
async function askedUntilAnswered(
  connection: Connection,
  broker: ResolvedBroker,
  what: string,
  signal: AbortSignal,
): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return String(await connection.call("INFO"));
    } catch (error) {
      const { name, message } = error as Error;
      if (message.startsWith("NOPERM") && message.includes("info")) return "";
      if (name !== "ReplyError") throw unavailable(broker, what, unusable(error as Error), error);
      if (!isPassing(error)) throw refused(broker, what, error as Error);
    }
    await pause(pauseAfter(tries), undefined, { signal });
  }
}

function refused(broker: ResolvedBroker, what: string, error: Error): Error {
  const why = error.message.startsWith("NOAUTH")
    ? "NOAUTH, as it wants a password: name it in the url, as in redis://user:password@host"
    : error.message;
  return unavailable(broker, what, `refused it: ${why}`, error);
}

function assertUsable(facts: string, broker: ResolvedBroker, what: string): void {
  const version = /^redis_version:(\d+)\S*/m.exec(facts);
  if (version && Number(version[1]) < OLDEST_REDIS) {
    const own = version[0].slice("redis_version:".length);
    throw unavailable(broker, what, `is too old: it is version ${own}, and must be ${OLDEST_REDIS} or later`);
  }
  if (/^role:slave/m.test(facts)) {
    throw unavailable(broker, what, "is a replica, which takes no writes: name the main server");
  }
}

function unusable(error: Error): string {
  const reason = reasonOf(error);
  return /\bRESP\b|Protocol error/.test(reason) ? `is no Redis server: ${reason}` : `cannot be used: ${reason}`;
}

/** Some errors of connections have no message of their own, but those of each address. */
function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  const [first] = (error as AggregateError).errors ?? [];
  return error.message || (first as Error | undefined)?.message || code || error.name;
}
