import type { BatchOutcome } from "../../batch/run-batch.js";
import type { BatchStoppedError } from "../../errors.js";
import { messageOf } from "../report-error.js";

/** What there is to tell at the end of a batch. */
export interface MapReport {
  readonly outcome: BatchOutcome;
  /** Why it ended before its time. */
  readonly fault: BatchStoppedError | undefined;
  readonly exitCode: number;
  readonly output: string;
  /** The command that does the rest. */
  readonly resume: string;
  readonly isQuiet: boolean;
  readonly isJson: boolean;
}

/** Tells how it went, on standard error, or as JSON on standard output. */
export function report(map: MapReport): void {
  const { fault, output, isQuiet, isJson } = map;
  if (isJson) {
    // Data goes first: what is piped into another program stays what it expects.
    const stream = output === "-" ? process.stderr : process.stdout;
    stream.write(`${JSON.stringify(toJson(map))}\n`);
    return;
  }
  if (fault) process.stderr.write(`manyhands map: ${messageOf(fault.cause)}\n`);
  if (isQuiet) return;
  for (const line of sentences(map)) process.stderr.write(`${line}\n`);
}

function toJson({ outcome, fault, exitCode, output, resume }: MapReport): object {
  const { summary, isAborted, firstFailure } = outcome;
  const isResumable = output !== "-" && (isAborted || fault !== undefined || summary.failed > 0);
  const cause = fault?.cause as { name?: string; code?: unknown } | undefined;
  return {
    exitCode,
    ...summary,
    output,
    isInterrupted: isAborted,
    ...(firstFailure !== undefined && { firstFailure }),
    ...(fault && { error: { name: cause?.name ?? "Error", code: cause?.code, message: messageOf(fault.cause) } }),
    ...(isResumable && { resume }),
  };
}

function sentences({ outcome, fault, output, resume }: MapReport): string[] {
  const { summary, isAborted, firstFailure } = outcome;
  const { done, failed, skipped, failures, elapsed } = summary;
  const counts = [
    `${count(done)} done`,
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(skipped > 0 ? [`${count(skipped)} done before`] : []),
  ].join(", ");
  const how = isAborted ? "Interrupted" : fault ? "Stopped" : failed > 0 ? "Ended" : "Complete";
  const lines = [`${how}: ${counts}, in ${seconds(elapsed)}`];
  if (firstFailure !== undefined) lines.push(`First failure: ${firstFailure}`);
  if (failures !== undefined) lines.push(`All failures: ${failures}`);
  if (output !== "-" && (isAborted || fault || failed > 0)) lines.push(`To finish: ${resume}`);
  return lines;
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
