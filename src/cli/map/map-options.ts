/** What can be set on `manyhands map`. */
import { DISPLAY_OPTIONS, ENDING_OPTIONS, EXISTING_OPTIONS, OUTPUT_OPTIONS } from "../batch/file-options.js";
import type { OptionSpec } from "../command.js";

type Specs = Readonly<Record<string, OptionSpec>>;

export const MAP_OPTIONS: Readonly<Record<string, Specs>> = {
  "Where it goes": {
    ...OUTPUT_OPTIONS,
    ordered: { type: "boolean", help: "Keep the order of the input" },
  },
  "An output that exists": EXISTING_OPTIONS,
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
    ...ENDING_OPTIONS,
  },
  "What it shows": DISPLAY_OPTIONS,
};
