import { canSend, type TrySend, unsendableError } from "../wire/unsendable.js";

/**
 * Copies constructor arguments once, so that every worker, replacements included, starts from the same values.
 * @throws {SerializationError} when one cannot be sent
 */
export function snapshot(
  name: string,
  args: readonly unknown[],
  copy: (args: readonly unknown[]) => readonly unknown[],
  trySend: TrySend,
): readonly unknown[] {
  // What nobody can change needs no copy, the first of which takes a program several ms.
  if (args.every(isPlain)) return args;
  try {
    return copy(args);
  } catch (cause) {
    for (const [index, arg] of args.entries()) {
      if (!canSend(trySend, arg)) throw unsendableError(`construct '${name}'`, `args[${index}]`, arg, trySend, cause);
    }
    throw cause;
  }
}

function isPlain(value: unknown): boolean {
  return value === null || !["object", "function", "symbol"].includes(typeof value);
}
