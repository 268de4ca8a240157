/** The results that stand for parts of the arguments of a job. */
import { CancelledError, UnknownResultError } from "../../errors.js";
import { encodeThrown, type Json } from "./encode.js";

/** How they stand. */
export interface Needed {
  /** Some have not come yet. */
  readonly isPending: boolean;
  /** The failure of the first that failed, as JSON: what needs it fails with it. */
  readonly failure: Json | undefined;
  readonly results: readonly (readonly [id: string, json: string])[];
}

/**
 * Reads what the script `NEEDS` says: a kind and a text for each id.
 * @param name - the task that needs them
 */
export function neededResults(name: string, ids: readonly string[], found: readonly string[]): Needed {
  const results: [string, string][] = [];
  let isPending = false;
  let failure: Json | undefined;
  for (const [index, id] of ids.entries()) {
    const kind = found[index * 2]!;
    const body = found[index * 2 + 1]!;
    if (kind === "s") results.push([id, body]);
    else if (kind === "p") isPending = true;
    else failure ??= failureOf(name, id, kind, body);
  }
  // One that failed decides: the others need not be waited for.
  return { isPending: isPending && failure === undefined, failure, results };
}

function failureOf(name: string, id: string, kind: string, body: string): Json {
  switch (kind) {
    case "f":
      return JSON.parse(body) as Json;
    case "t":
      return encodeThrown(new Error(body), body.length + 10_000);
    case "g":
      return encodeThrown(
        new CancelledError(`Cannot run '${name}' as task '${id}', whose result it needs, was revoked`),
        10_000,
      );
    case "c":
      return encodeThrown(
        new TypeError(
          `Cannot run '${name}' as task '${id}', whose result it needs, needs the result of this one: each would wait for the other`,
        ),
        10_000,
      );
    default:
      return encodeThrown(
        new UnknownResultError(
          `Cannot run '${name}' as the result of task '${id}', which it needs, is kept no longer: give that task a longer ` +
            "'resultTtl'",
        ),
        10_000,
      );
  }
}
