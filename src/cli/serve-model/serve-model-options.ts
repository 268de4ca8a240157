/** What can be set on `manyhands serve-model`. */
import type { OptionSpec } from "../command.js";

type Specs = Readonly<Record<string, OptionSpec>>;

export const SERVE_MODEL_OPTIONS: Readonly<Record<string, Specs>> = {
  "Where it listens": {
    port: { type: "string", value: "N", help: "The port; 0 for any that is free (default: 8080)" },
    host: { type: "string", value: "ADDRESS", help: "The address (default: 127.0.0.1, this machine alone)" },
  },
  "How it answers": {
    latency: { type: "string", value: "TIME", help: "How long an answer takes: 100ms, or 50ms-2s (default: 100ms)" },
    "output-tokens": { type: "string", value: "N", help: "How long answers are: 100, or 16-128 (default: 16-128)" },
    "tokens-per-second": { type: "string", value: "N", help: "How fast streamed answers come (default: all at once)" },
    seed: { type: "string", value: "N", help: "The same seed gives the same answers, times and faults (default: 1)" },
  },
  "Its limits": {
    rpm: { type: "string", value: "N", help: "Requests per minute (default: no limit)" },
    tpm: { type: "string", value: "N", help: "Tokens per minute, of prompts and answers (default: no limit)" },
    burst: {
      type: "string",
      value: "SHARE",
      help: "What of a minute is there at once: 5% (default: a second's worth)",
    },
    enforce: {
      type: "string",
      value: "HOW",
      help: "bucket: refilled all the time; window: so much in any 60 seconds (default: bucket)",
    },
    charge: {
      type: "string",
      value: "WHAT",
      help: "actual: tokens as they are used; max: the larger of max_tokens and the prompt (default: actual)",
    },
    concurrency: { type: "string", value: "N", help: "Requests at once (default: no limit)" },
    quota: { type: "string", value: "N", help: "Requests until there is nothing more to spend (default: no limit)" },
    keys: {
      type: "string",
      value: "A,B",
      help: "The API keys there are, made-up ones, each with these limits for itself",
    },
    "retry-after": {
      type: "string",
      value: "HOW",
      help: "How it says when to try again: seconds, ms, date or none (default: seconds)",
    },
  },
  "What goes wrong": {
    faults: { type: "string", value: "SHARE", help: "Requests that something goes wrong with: 2% (default: none)" },
    "fault-kinds": {
      type: "string",
      value: "A,B",
      help: "What: 500, 503, 529, 429, reset, broken-json, hang (default: all but 429 and hang)",
    },
  },
  "What it shows": {
    quiet: { type: "boolean", short: "q", help: "Nothing but the line with the URL" },
  },
};
