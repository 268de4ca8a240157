import { type Connection, connect } from "../../distributed/broker/connection.js";
import { hidePassword, type ResolvedBroker } from "../../config/broker.js";
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
  away: (reason: string) => void = () => {},
  within = PATIENCE_MS,
): Promise<Connection> {
  const connection = connect(broker, "cli");
  let last: Error | undefined;
  const remember = (error: Error): void => {
    if (!last) away(error.message);
    last = error;
  };
  connection.on("error", remember);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => (timer = setTimeout(resolve, within, "late")));
  try {
    const answer = await Promise.race([connection.call("PING"), late]);
    if (answer === "late") throw notReached(broker, within, last);
    // A database that is not there does not end the connection: it would be in the first one.
    if (last?.name === "ReplyError") throw last;
    return connection;
  } catch (error) {
    connection.disconnect();
    if (error instanceof BrokerUnavailableError) throw error;
    throw new BrokerUnavailableError(
      `Cannot use the broker at ${String(hidePassword(broker.url))} as it answers '${(error as Error).message}': check ` +
        "the user, the password and the database in --redis",
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
    connection.off("error", remember);
  }
}

function notReached({ url }: ResolvedBroker, within: number, cause: Error | undefined): BrokerUnavailableError {
  const reason = cause ? `: ${cause.message}` : "";
  return new BrokerUnavailableError(
    `Cannot reach the broker at ${String(hidePassword(url))} within ${within / 1000} s${reason}: start it, or name ` +
      "another with --redis",
    { cause },
  );
}
