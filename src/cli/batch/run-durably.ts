import type { BatchOutcome } from "../../batch/run-batch.js";
import { type CommandContext, EXIT } from "../command.js";
import { Interruption } from "../interruption.js";
import { readFlag } from "../read-value.js";
import type { FileSettings } from "./file-options.js";
import { report } from "./report.js";
import { resumeCommand } from "./resume-command.js";

/** A batch as a command runs it. */
export interface DurableRun<O extends BatchOutcome> {
  /** The name of the command. */
  readonly command: string;
  readonly files: FileSettings;
  /** Runs the batch; rejects only before anything was begun. */
  perform(signal: AbortSignal): Promise<O>;
  /** Sentences that follow the counts. */
  details?(outcome: O): readonly string[];
  /** What was typed, as it has to be changed for the rest to be done. */
  forTheRest?(argv: readonly string[], outcome: O): readonly string[];
}

/** Runs a batch until it is done or interrupted, tells how it went, and resolves with the exit code. */
export async function runDurably<O extends BatchOutcome>(
  { argv, values, streams }: CommandContext,
  { command, files, perform, details, forTheRest }: DurableRun<O>,
): Promise<number> {
  using interruption = new Interruption(() => {
    if (files.isQuiet) return;
    streams.stderr.write(`manyhands ${command}: ending as soon as what runs is done; again ends at once\n`);
  });
  const { signal } = interruption;
  const isJson = readFlag(values, "json");
  let outcome: O;
  try {
    outcome = await perform(signal);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    const exitCode = interruption.exitCode ?? EXIT.interrupted;
    const stream = files.output === "-" ? streams.stderr : streams.stdout;
    if (isJson) stream.write(`${JSON.stringify({ exitCode, isInterrupted: true })}\n`);
    return exitCode;
  }
  const exitCode = exitCodeOf(outcome, interruption.exitCode);
  report({
    command,
    outcome,
    details: details?.(outcome) ?? [],
    exitCode,
    output: files.output,
    resume: resumeCommand(forTheRest?.(argv, outcome) ?? argv),
    isQuiet: files.isQuiet,
    isJson,
    streams,
  });
  return exitCode;
}

function exitCodeOf({ summary, stopped }: BatchOutcome, interrupted: number | undefined): number {
  if (stopped?.isAbort) return interrupted ?? EXIT.interrupted;
  return stopped || summary.failed > 0 ? EXIT.incomplete : EXIT.done;
}
