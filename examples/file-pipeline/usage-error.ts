/** What was asked for cannot be done; the message says what to change. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The first sentence of what `parseArgs` says: its later ones explain the syntax at length. */
export function toUsageError(error: unknown): UsageError {
  const [reason] = (error as Error).message.split(/\.?(?: |\n)(?=[A-Z])|\.$/);
  return new UsageError(`${reason}: see --help`, { cause: error });
}

/**
 * A whole number from 1 on.
 * @throws {UsageError}
 */
export function wholeNumber(option: string, value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && Number.isSafeInteger(number)) return number;
  throw new UsageError(`Cannot set ${option} to '${value}': give a whole number from 1 on`);
}
