/** `manyhands prompts`: a model asked each line of a file. */
import type { Command } from "../command.js";
import { PROMPTS_OPTIONS } from "./prompts-options.js";

export const prompts: Command = {
  name: "prompts",
  summary: "ask a model the prompts in a file, under its limits",
  usage: "INPUT -o OUTPUT --model NAME [options]",
  details: [
    'Each line of the input is JSON: "a prompt", {"prompt":…,"system":…,"maxTokens":…}, {"messages":[…]}, ' +
      '{"input":…} to embed, a line of OpenAI Batch, or any data with --prompt. Each answer is written as a line ' +
      '{"index":N,"output":{"text":…,"usage":…}} as soon as it is there; N counts the lines of the input from 0. INPUT ' +
      "may be - for standard input.",
    "Requests and tokens per minute are kept to: those given, else those that the server tells of. Faults that pass are " +
      "retried. When an account has no quota left, or --max-cost is reached, it stops.",
    "Interrupt it whenever you like, by Ctrl-C, kill -9 or the power switch: the same command with --resume asks exactly " +
      "what is missing. What failed is in OUTPUT.failures, and is tried again by --resume. Settings are in " +
      "OUTPUT.manyhands; do not delete it before the output is complete.",
  ],
  options: PROMPTS_OPTIONS,
  examples: [
    "manyhands prompts questions.jsonl -o answers.jsonl --model gpt-4o-mini",
    "manyhands prompts rows.jsonl -o french.jsonl -m gpt-4o-mini \\",
    "  --prompt 'Translate to French: {text}' --rpm 500 --tpm 200000 --resume",
    "manyhands prompts lines.txt --text -o out.jsonl --simulate",
  ],
  // What it needs takes a while to load, and other commands do without.
  run: async (context) => (await import("./ask-prompts.js")).askPrompts(context),
};
