/** Connections to a broker: what is used of the package `ioredis`, and how it is set up. */
import { requireOptional } from "../../config/optional-package.js";
import type { ResolvedBroker } from "../../config/broker.js";

/** A connection to Redis, as far as it is used here; `ioredis` makes it. */
export interface Connection {
  readonly status: string;
  /** Sends one command; while the connection is away it waits, and is sent again when it came back. */
  call(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
  /** The same, with strings in the answer as buffers. */
  callBuffer(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
  on(event: "connect" | "ready" | "close" | "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  /** The socket, while there is one. */
  readonly stream?: {
    ref?(): unknown;
    unref?(): unknown;
    destroy?(): unknown;
    on?(event: "error", listener: () => void): unknown;
  };
  /** Ends it at once. */
  disconnect(reconnect?: boolean): void;
  /** Ends it after what was sent. */
  quit(): Promise<unknown>;
}

interface IORedis {
  readonly Redis: new (url: string, options: object) => Connection;
}

/** Longest pause, in ms, before a connection that was lost is tried again: shorter than any lease. */
const LONGEST_PAUSE_MS = 400;

/**
 * Opens a connection that comes back by itself for as long as it is not closed.
 *
 * Commands wait while it is away: whoever must not wait for ever keeps the time. A command whose answer was lost is sent
 * again, so it may be carried out twice.
 *
 * @param purpose - for the list of clients of the server, such as `"inbox"`
 * @throws {MissingPackageError} when `ioredis` is not installed
 */
export function connect(broker: ResolvedBroker, purpose: string): Connection {
  const { Redis } = requireOptional<IORedis>("ioredis", "reach a broker");
  const connection = new Redis(broker.url, connectionOptions(broker, purpose));
  // What goes wrong shows in the commands that wait; without a listener each would be printed.
  connection.on("error", hideCommand);
  // The client listens to one error of a socket. One with TLS may have a second, which would end the process.
  connection.on("error", () => connection.stream?.on?.("error", ignore));
  return connection;
}

function ignore(): void {}

/** The error of a login that failed holds what was sent, with the password, and is a cause of what users see. */
function hideCommand(error: Error): void {
  delete (error as { command?: unknown }).command;
}

/** Connections that keep no program running. */
const idle = new WeakSet<Connection>();
const watched = new WeakSet<Connection>();

/** Whether a connection keeps the event loop alive; one that was never told does. */
export function hold(connection: Connection, isHeld: boolean): void {
  if (!isHeld && !watched.has(connection)) {
    watched.add(connection);
    connection.on("connect", () => idle.has(connection) && connection.stream?.unref?.());
  }
  if (isHeld) idle.delete(connection);
  else idle.add(connection);
  if (isHeld) connection.stream?.ref?.();
  else connection.stream?.unref?.();
}

/** Leaves a connection that carries nothing, as after a cut that neither side was told of, for another; what waits goes on. */
export function renew(connection: Pick<Connection, "stream">): void {
  connection.stream?.destroy?.();
}

/** Its options. */
function connectionOptions(broker: ResolvedBroker, purpose: string): object {
  return {
    connectionName: `${broker.prefix}:${purpose}`,
    ...(broker.tls && { tls: broker.tls }),
    // Commands wait for the connection, however often it is lost.
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(20 * 2 ** Math.min(times, 10), LONGEST_PAUSE_MS),
    // After a failover the former main server refuses writes: look for the new one.
    reconnectOnError: (error: Error) => (error.message.startsWith("READONLY") ? 2 : false),
    // A network that lets nothing through is tried again before long.
    connectTimeout: Math.min(Math.max(broker.lease, 2000), 10_000),
    noDelay: true,
    keepAlive: 5000,
  };
}
