import { type BatchRefusal, BatchRefusedError } from "../errors.js";

/** What to do about it, in options of `runBatch`. */
const REMEDIES: Readonly<Record<BatchRefusal, string>> = {
  exists: "set 'resume' to finish it, or 'overwrite' to start anew",
  locked: "wait until that run has ended, or choose another file",
  settings: "set 'force' to go on all the same, or 'overwrite' to start anew",
  input: "set 'force' to go on all the same, or 'overwrite' to start anew",
  unreadable: "mend or remove what is wrong, or set 'overwrite' to start anew",
  order: "set 'ordered' as it was, or 'overwrite' to start anew",
  failures: "choose another file for 'failures'",
};

/** The error of a batch that is not begun. */
export function refusal(reason: BatchRefusal, problem: string): BatchRefusedError {
  return new BatchRefusedError(`${problem}: ${REMEDIES[reason]}`, { reason, problem });
}
