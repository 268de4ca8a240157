/** Which errors of a broker pass by themselves, and how long to wait for that. */

/** Full, busy, loading its file, or being replaced: codes at the begin of the message of an error of Redis. */
const PASSING =
  /^(OOM|MISCONF|LOADING|READONLY|BUSY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOREPLICAS|UNBLOCKED|MAXCLIENTS)\b/;

/** Whether a command that failed may succeed later: an error that is no answer of Redis is one of the connection. */
export function isPassing(error: unknown): boolean {
  const { name, message } = error as Error;
  return name !== "ReplyError" || PASSING.test(message);
}

/** How long to wait before another try, in ms: 50 to 500, doubled with each. */
export function pauseAfter(tries: number): number {
  return Math.min(50 * 2 ** Math.min(tries - 1, 10), 500);
}
