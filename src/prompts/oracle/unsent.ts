/** Tells errors after which a call can be made again without anything being done, or paid, twice. */
import type { RetryContext } from "../../retry/backoff.js";

/** Errors that came before a statement was sent. */
const unsent = new WeakSet<object>();

/**
 * Those that pass by themselves: no listener, network trouble, a database that starts or ends, too many sessions. A wrong
 * password is none of them: to try it again locks the account.
 */
const PASSING: ReadonlySet<string> = new Set([
  "NJS-040",
  "NJS-076",
  "NJS-500",
  "NJS-501",
  "NJS-503",
  "NJS-510",
  "NJS-511",
  "NJS-513",
  "NJS-518",
  "NJS-521",
  "ORA-00018",
  "ORA-00020",
  "ORA-01033",
  "ORA-01034",
  "ORA-01090",
  "ORA-02391",
  "ORA-12170",
  "ORA-12514",
  "ORA-12516",
  "ORA-12518",
  "ORA-12519",
  "ORA-12520",
  "ORA-12528",
  "ORA-12537",
  "ORA-12541",
  "ORA-12547",
  "ORA-12757",
  "ORA-24418",
]);

/** Remembers that nothing was sent before this error. */
export function markUnsent(error: unknown): unknown {
  if (typeof error === "object" && error !== null) unsent.add(error);
  return error;
}

/** Whether a connection could not be had, for a reason that passes. For `retry.on`. */
export function isUnsent({ error }: Pick<RetryContext, "error">): boolean {
  if (typeof error !== "object" || error === null || !unsent.has(error)) return false;
  const { code, errorNum } = error as { code?: unknown; errorNum?: unknown };
  return PASSING.has(typeof errorNum === "number" ? oraCode(errorNum) : String(code)) || PASSING.has(String(code));
}

function oraCode(errorNum: number): string {
  return `ORA-${String(errorNum).padStart(5, "0")}`;
}
