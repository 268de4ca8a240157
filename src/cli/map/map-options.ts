/** What can be set on `manyhands map`. */
import type { OptionSpec } from "../command.js";

type Specs = Readonly<Record<string, OptionSpec>>;

export const MAP_OPTIONS: Readonly<Record<string, Specs>> = {
  "Where it goes": {
    output: {
      type: "string",
      short: "o",
      value: "FILE",
      help: "The output, which is also the checkpoint; - is standard output, which cannot be resumed",
    },
    failures: { type: "string", value: "FILE", help: "What failed, and why (default: OUTPUT.failures)" },
    "no-failures": { type: "boolean", help: "Do not keep what failed" },
    ordered: { type: "boolean", help: "Keep the order of the input" },
  },
  "An output that exists": {
    resume: { type: "boolean", help: "Finish it: run what is missing, and what failed" },
    overwrite: { type: "boolean", help: "Begin anew" },
    force: { type: "boolean", help: "With --resume: also if it was made with other settings or from another input" },
  },
  "How it runs": {
    mode: {
      type: "string",
      value: "MODE",
      help: "sync, async, thread or process (default: what the module says, else thread; async for a function)",
    },
    workers: { type: "string", value: "N", help: "How many workers (default: one for each core; 1 in sync and async)" },
    concurrency: { type: "string", value: "N", help: "Items that one worker runs at once (default: 1; 64 in async)" },
    init: { type: "string", value: "JSON", help: "Arguments for the constructor of the worker: a list, or one value" },
    spread: { type: "boolean", help: "Each line is a list of arguments, not one argument" },
    retries: { type: "string", value: "N", help: "Attempts beyond the first, with growing waits between them" },
    timeout: { type: "string", value: "TIME", help: "How long an item may take, retries included: 500ms, 30s, 5m" },
    rpm: { type: "string", value: "N", help: "Calls in any minute, retries included" },
    "max-failures": { type: "string", value: "N", help: "Stop when so many items have failed" },
    grace: { type: "string", value: "TIME", help: "How long running items may take to end after Ctrl-C (default: 5s)" },
  },
  "What it shows": {
    "no-progress": { type: "boolean", help: "No progress" },
    quiet: { type: "boolean", short: "q", help: "Nothing but errors" },
  },
};
