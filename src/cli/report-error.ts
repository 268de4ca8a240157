import { BatchRefusedError, type BatchRefusal, ManyhandsError } from "../errors.js";
import { isSystemError } from "../batch/file-error.js";
import { EXIT, type Streams } from "./command.js";
import { UsageError } from "./usage-error.js";

/** What to do about it, in options of the command line. */
const REMEDIES: Readonly<Record<BatchRefusal, string>> = {
  exists: "add --resume to finish it, or --overwrite to start anew",
  locked: "wait until that run has ended, or choose another file",
  settings: "add --force to go on all the same, or --overwrite to start anew",
  input: "add --force to go on all the same, or --overwrite to start anew",
  unreadable: "mend or remove what is wrong, or add --overwrite to start anew",
  order: "choose the order as before, or add --overwrite to start anew",
  failures: "choose another file with --failures",
};

/** What may be gone the next time. */
const NOT_USAGE: ReadonlySet<string> = new Set(["MH_BATCH_STOPPED", "MH_BROKER_UNAVAILABLE"]);

/**
 * Says in one line what is wrong; returns the exit code.
 * @param json - where it is told as JSON; `undefined` where it is told in words
 */
export function reportError(
  command: string | undefined,
  error: unknown,
  json: Streams["stdout"] | undefined,
  stderr: Streams["stderr"],
): number {
  const message = messageOf(error);
  const code = isUsage(error) ? EXIT.usage : EXIT.incomplete;
  if (json) {
    const { name = "Error", code: errorCode } = error as { name?: string; code?: unknown };
    json.write(`${JSON.stringify({ exitCode: code, error: { name, code: errorCode, message } })}\n`);
  } else {
    stderr.write(`manyhands${command ? ` ${command}` : ""}: ${message}\n`);
  }
  return code;
}

/** The message of an error, in one line, with a remedy for the command line. */
export function messageOf(error: unknown): string {
  const text =
    error instanceof BatchRefusedError
      ? `${error.problem}: ${REMEDIES[error.reason]}`
      : error instanceof Error
        ? error.message || error.name
        : String(error);
  return text.split("\n", 1)[0]!;
}

/** Whether another command line would not have met it. */
function isUsage(error: unknown): boolean {
  if (error instanceof UsageError || error instanceof BatchRefusedError) return true;
  if (error instanceof TypeError || error instanceof RangeError) return true;
  if (ManyhandsError.is(error)) return !NOT_USAGE.has(error.code);
  return error instanceof Error && isSystemError(error.cause);
}
