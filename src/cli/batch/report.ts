import { statSync } from "node:fs";
import type { BatchOutcome } from "../../batch/run-batch.js";
import type { Streams } from "../command.js";
import { messageOf } from "../report-error.js";

/** What there is to tell at the end of a batch. */
export interface BatchReport {
  /** The name of the command. */
  readonly command: string;
  readonly outcome: BatchOutcome;
  /** Sentences that follow the counts. */
  readonly details: readonly string[];
  readonly exitCode: number;
  readonly output: string;
  /** The command that does the rest. */
  readonly resume: string;
  readonly isQuiet: boolean;
  readonly isJson: boolean;
  readonly streams: Streams;
}

/** Tells how it went, on standard error, or as JSON on standard output. */
export function report(batch: BatchReport): void {
  const { command, outcome, output, isQuiet, isJson, streams } = batch;
  if (isJson) {
    // Data goes first: what is piped into another program stays what it expects.
    const stream = output === "-" ? streams.stderr : streams.stdout;
    stream.write(`${JSON.stringify(toJson(batch))}\n`);
    return;
  }
  const { stopped } = outcome;
  if (stopped && !stopped.isAbort) streams.stderr.write(`manyhands ${command}: ${messageOf(stopped.reason)}\n`);
  if (isQuiet) return;
  for (const line of sentences(batch)) streams.stderr.write(`${line}\n`);
}

function toJson({ outcome, exitCode, output, resume }: BatchReport): object {
  const { summary, stopped, firstFailure } = outcome;
  return {
    exitCode,
    ...summary,
    output,
    isInterrupted: stopped?.isAbort === true,
    ...(firstFailure !== undefined && { firstFailure }),
    ...(stopped && !stopped.isAbort && { error: errorToJson(stopped.reason) }),
    ...(isResumable(outcome, output) && { resume }),
  };
}

function errorToJson(error: unknown): object {
  const { name = "Error", code } = error as { name?: string; code?: unknown };
  return { name, code, message: messageOf(error) };
}

function sentences({ outcome, details, output, resume }: BatchReport): string[] {
  const { summary, stopped, firstFailure } = outcome;
  const { done, failed, skipped, failures, elapsed } = summary;
  const counts = [
    `${count(done)} done`,
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(skipped > 0 ? [`${count(skipped)} done before`] : []),
  ].join(", ");
  const how = stopped?.isAbort ? "Interrupted" : stopped ? "Stopped" : failed > 0 ? "Ended" : "Complete";
  const lines = [`${how}: ${counts}, in ${seconds(elapsed)}`, ...details];
  if (firstFailure !== undefined) lines.push(`First failure: ${firstFailure}`);
  if (failures !== undefined) lines.push(`All failures: ${failures}`);
  if (isResumable(outcome, output)) lines.push(`To finish: ${resume}`);
  return lines;
}

/** Whether another run could do what this one did not. */
function isResumable({ summary, stopped }: BatchOutcome, output: string): boolean {
  if (!stopped && summary.failed === 0) return false;
  return output !== "-" && statSync(output, { throwIfNoEntry: false })?.isFile() === true;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function seconds(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  const rest = `${minutes % 60} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return minutes < 60 ? rest : `${Math.floor(minutes / 60)} h ${rest}`;
}
