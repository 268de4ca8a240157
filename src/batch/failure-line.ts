/** Lines of the failures: what could not be done, and why. */
import { inspect } from "node:util";
import { ManyhandsError } from "../errors.js";
import { UnreadableLine } from "./line-reader.js";

/** What is kept of an error. */
export interface ErrorRecord {
  name: string;
  message: string;
  code?: string | number;
  cause?: ErrorRecord;
}

const DEEPEST = 4;

/** A line that holds no item: kept as text, where it is text. */
export function invalidLine(index: number, line: string | UnreadableLine, error: unknown): string {
  const text = typeof line === "string" ? `"text":${JSON.stringify(line.trimEnd())},` : "";
  // What is no text is none in any format.
  const reason = line instanceof UnreadableLine ? `as ${line.reason}` : `as JSON: ${(error as Error).message}`;
  const record: ErrorRecord = { name: "SyntaxError", message: `Cannot read line ${index + 1} ${reason}` };
  return `{"index":${index},${text}"error":${JSON.stringify(record)}}\n`;
}

/** An error in one line. */
export function errorInOneLine(error: unknown): string {
  const { name, message } = describeError(error);
  return `${name}: ${message.split("\n", 1)[0]}`;
}

/** Whether an item failed only as its run was stopped: it is not done, and not failed either. */
export function isStopError(error: unknown, reason: unknown): boolean {
  if (error === reason) return true;
  if (ManyhandsError.is(error)) return error.code === "MH_CANCELLED" || error.code === "MH_POOL_STOPPED";
  return error instanceof Error && error.name === "AbortError";
}

/** What is kept of an error, and of what caused it. */
export function describeError(error: unknown, depth = 0): ErrorRecord {
  try {
    if (!(error instanceof Error))
      return { name: "Error", message: typeof error === "string" ? error : inspect(error) };
    const { code, cause } = error as { code?: unknown; cause?: unknown };
    return {
      name: String(error.name),
      message: String(error.message),
      ...((typeof code === "string" || typeof code === "number") && { code }),
      ...(cause !== undefined && depth < DEEPEST && { cause: describeError(cause, depth + 1) }),
    };
  } catch {
    return { name: "Error", message: "something was thrown that cannot be read" };
  }
}
