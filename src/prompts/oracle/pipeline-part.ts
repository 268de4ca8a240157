/** Several calls one after the other in one session, sent together. */
import { Buffer } from "node:buffer";
import { readAnswer } from "./read-answer.js";
import type { Binds, OracleConnection, OracleDriver, PipelineResult } from "./driver.js";
import type { Statement } from "./statements.js";

/** How one of them ended. */
export type PartOutcome =
  | { readonly status: "fulfilled"; readonly value: string }
  | { readonly status: "rejected"; readonly reason: unknown };

/** The first database that is sent several statements together: 23. */
const FIRST_VERSION = 2_300_000_000;
/** A longer text is sent as a large one, which takes a trip of its own: pipelines of the driver refuse it (NJS-181). */
const LONGEST_IN_PIPELINE = 32_767;

/** Where a part is done, and what happens to failures. */
export interface PartSetup {
  readonly driver: OracleDriver;
  readonly connection: OracleConnection;
  /** Whether the others go on when one fails; otherwise its error is thrown. */
  readonly continueOnError: boolean;
  /** Whether it was given up. A statement that was broken off fails like any other, and the next must not be begun. */
  readonly hasEnded: () => boolean;
}

/**
 * Does the statements in order, and reads what they return.
 *
 * Those that can be sent together are, to a database that takes it; others are sent one by one.
 */
export async function runPart(setup: PartSetup, statements: readonly Statement[]): Promise<PartOutcome[]> {
  const outcomes: PartOutcome[] = [];
  for (const group of groups(statements)) {
    for (const result of await execute(setup, group)) {
      assertGoesOn(setup);
      const outcome = await outcomeOf(result);
      if (outcome.status === "rejected" && !setup.continueOnError) throw outcome.reason;
      outcomes.push(outcome);
    }
  }
  return outcomes;
}

/** What it throws is seen by nobody: the reason of the end is. */
function assertGoesOn({ hasEnded }: PartSetup): void {
  if (hasEnded()) throw new Error("Cannot go on as the pipeline was given up");
}

async function outcomeOf(result: PipelineResult): Promise<PartOutcome> {
  if (result.error !== undefined && result.error !== null) return { status: "rejected", reason: result.error };
  try {
    return { status: "fulfilled", value: await readAnswer(result) };
  } catch (reason) {
    return { status: "rejected", reason };
  }
}

async function execute(setup: PartSetup, group: readonly Statement[]): Promise<readonly PipelineResult[]> {
  const { driver, connection, continueOnError } = setup;
  const { Pipeline } = driver;
  assertGoesOn(setup);
  if (group.length > 1 && Pipeline && connection.runPipeline && canPipeline(driver, connection)) {
    const pipeline = new Pipeline();
    for (const { sql, binds } of group) pipeline.addExecute(sql, binds);
    try {
      return await connection.runPipeline(pipeline, continueOnError);
    } catch (error) {
      // The pipeline as a whole: none of its results can be had.
      if (!continueOnError) throw error;
      return group.map(() => ({ error }));
    }
  }
  const results: PipelineResult[] = [];
  for (const { sql, binds } of group) {
    assertGoesOn(setup);
    try {
      results.push(await connection.execute(sql, binds));
    } catch (error) {
      if (!continueOnError) throw error;
      results.push({ error });
    }
  }
  return results;
}

/** For others the driver would do them one by one as well, and go on with the next when one is broken off. */
function canPipeline(
  { thin = true }: OracleDriver,
  { oracleServerVersion = FIRST_VERSION }: OracleConnection,
): boolean {
  return thin && oracleServerVersion >= FIRST_VERSION;
}

/** In order, each of statements that can be sent together. */
function groups(statements: readonly Statement[]): Statement[][] {
  const found: Statement[][] = [];
  let open: Statement[] | undefined;
  for (const statement of statements) {
    if (isLarge(statement.binds)) {
      found.push([statement]);
      open = undefined;
    } else if (open) {
      open.push(statement);
    } else {
      found.push((open = [statement]));
    }
  }
  return found;
}

function isLarge(binds: Binds): boolean {
  return Object.values(binds).some(
    (value) => typeof value === "string" && Buffer.byteLength(value) > LONGEST_IN_PIPELINE,
  );
}
