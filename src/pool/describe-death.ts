import { BrokerUnavailableError, type CrashDetails, type CrashReason, WorkerCrashedError } from "../errors.js";

/** The end of a worker, to follow its name in a message. */
export function describeDeath({ reason, exitCode, signal }: CrashDetails, cause: unknown): string {
  const detail = cause instanceof Error ? `: ${cause.message}` : "";
  switch (reason) {
    case "exit":
      return `exited with code ${exitCode}${detail}`;
    case "signal":
      return `was killed by ${signal}`;
    case "uncaught-exception":
      return `died of an uncaught exception${detail}`;
    case "out-of-memory":
      return "ran out of memory";
    case "terminated":
      return "was terminated";
    case "unresponsive":
      return "did not answer its health check";
    case "unreadable":
      return `sent something that cannot be read, such as a value nested too deeply${detail}`;
    case "node-lost":
      return `was lost with its node${detail}`;
    case "disconnected":
      return `was lost with what was on its way${detail}`;
    case "unhealthy":
      return "called itself unhealthy";
  }
}

/** What a call fails with whose worker died; when that is as the broker was not there for so long, it says that. */
export function deathError(name: string, worker: string, details: CrashDetails, cause: unknown): Error {
  if (cause instanceof BrokerUnavailableError) return cause;
  const message =
    `Cannot finish '${name}' as its worker ${worker} ${describeDeath(details, cause)}, and may have begun it: a retry, or ` +
    "delivery: 'at-least-once', makes such calls again";
  return new WorkerCrashedError(message, details, { cause });
}

/** Deaths that the pool brought about, or what is around the worker. */
const FORCED: readonly CrashReason[] = ["terminated", "unresponsive", "unhealthy", "node-lost", "disconnected"];

/** Whether a worker that died so did not die by itself. */
export function isForced(reason: CrashReason): boolean {
  return FORCED.includes(reason);
}
