/** What can be set on `manyhands node`. */
import { BROKER_OPTIONS } from "../broker/broker-options.js";
import type { OptionSpec } from "../command.js";

type Specs = Readonly<Record<string, OptionSpec>>;

export const NODE_OPTIONS: Readonly<Record<string, Specs>> = {
  "Where it joins": {
    ...BROKER_OPTIONS,
    lease: {
      type: "string",
      value: "TIME",
      help: "How long it may be silent until it counts as dead: 1s or longer (default: 10s)",
    },
    name: { type: "string", value: "NAME", help: "What it is called (default: the name of this machine)" },
  },
  "What it gives": {
    cpus: {
      type: "string",
      value: "N",
      help: "Cpus for workers; fractions are allowed (default: one for each core)",
    },
    concurrency: {
      type: "string",
      value: "N",
      help: "Tasks at once: more than cpus where they wait for others (default: the cpus)",
    },
    memory: {
      type: "string",
      value: "SIZE",
      help: "Memory for workers: 512MB, 16GB (default: 80 % of what is free)",
    },
    resource: {
      type: "string",
      value: "NAME=N",
      isList: true,
      help: "What it has besides, as in gpu=1; may be repeated",
    },
    queue: {
      type: "string",
      value: "NAME",
      isList: true,
      help: "A queue that it takes tasks from; may be repeated (default: default)",
    },
  },
  "How it ends": {
    grace: {
      type: "string",
      value: "TIME",
      help: "How long what runs may go on after the first Ctrl-C or SIGTERM (default: as long as it takes)",
    },
  },
  "What it shows": {
    quiet: { type: "boolean", short: "q", help: "Nothing but warnings and errors" },
  },
};
