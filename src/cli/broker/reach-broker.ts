import type { ResolvedBroker } from "../../config/broker.js";
import { type Connection, connect } from "../../distributed/broker/connection.js";
import { reach } from "../../distributed/broker/reach.js";
import { BrokerUnavailableError } from "../../errors.js";

/** How long a command that only looks waits for the broker, in ms. */
const PATIENCE_MS = 5000;

/**
 * Opens a connection and waits until it is there.
 *
 * @param away - called once, with what went wrong, when the first attempt fails
 * @param within - how long further ones are made, in ms
 * @throws {BrokerUnavailableError} when it was not there in time, or refused us
 * @throws {MissingPackageError} when `ioredis` is not installed
 */
export async function reachBroker(
  broker: ResolvedBroker,
  away?: (reason: string) => void,
  within = PATIENCE_MS,
): Promise<Connection> {
  const connection = connect(broker, "cli");
  try {
    await reach(connection, { ...broker, brokerTimeout: within }, "begin", away);
    return connection;
  } catch (error) {
    connection.disconnect();
    if (!(error instanceof BrokerUnavailableError)) throw error;
    throw new BrokerUnavailableError(`${error.message}: check the server, or name another with --redis`, {
      cause: error.cause,
    });
  }
}
