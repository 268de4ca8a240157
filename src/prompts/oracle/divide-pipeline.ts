import type { Future } from "../../future/future.js";
import type { PartOutcome } from "./pipeline-part.js";
import type { Statement } from "./statements.js";

/** How statements are divided, and what happens when one fails. */
export interface Division {
  readonly connections: number;
  readonly continueOnError: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Divides statements among connections like cards among players, so that long ones at one end do not all fall to one.
 *
 * @param start - does a part, in order
 * @returns the outcomes in the order of the statements
 */
export async function dividePipeline(
  statements: readonly Statement[],
  { connections, continueOnError, signal }: Division,
  start: (part: readonly Statement[]) => Future<PartOutcome[]>,
): Promise<PartOutcome[]> {
  const outcomes: PartOutcome[] = [];
  const parts = Array.from({ length: Math.min(connections, statements.length) }, (_, first) => {
    const indexes = [...statements.keys()].filter((index) => index % connections === first);
    return { indexes, future: start(indexes.map((index) => statements[index]!)) };
  });
  const finish = async ({ indexes, future }: (typeof parts)[number]): Promise<void> => {
    let ended: readonly PartOutcome[];
    try {
      ended = await future;
    } catch (reason) {
      if (!continueOnError || signal?.aborted) throw reason;
      // Its connection could not be had, or broke: the other parts go on.
      ended = indexes.map(() => ({ status: "rejected", reason }));
    }
    indexes.forEach((index, at) => (outcomes[index] = ended[at]!));
  };
  try {
    await Promise.all(parts.map(finish));
  } catch (error) {
    for (const { future } of parts) future.cancel(error);
    throw error;
  }
  return outcomes;
}
