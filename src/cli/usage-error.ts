/** The command line is wrong, or what it names is: exit code 2. The message is one line and holds the remedy. */
export class UsageError extends Error {
  override name = "UsageError";
}
