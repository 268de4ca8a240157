/** What can be set on `manyhands prompts`. */
import { DISPLAY_OPTIONS, ENDING_OPTIONS, EXISTING_OPTIONS, OUTPUT_OPTIONS } from "../batch/file-options.js";
import type { OptionSpec } from "../command.js";

type Specs = Readonly<Record<string, OptionSpec>>;

export const PROMPTS_OPTIONS: Readonly<Record<string, Specs>> = {
  "Who is asked": {
    model: { type: "string", short: "m", value: "NAME", help: "The model; a line that names one itself wins" },
    "base-url": {
      type: "string",
      value: "URL",
      help: "The server, up to /v1 (default: OPENAI_BASE_URL, else OpenAI's or Anthropic's)",
    },
    "api-key-env": {
      type: "string",
      value: "NAME",
      help: "The environment variable that holds the key (default: OPENAI_API_KEY or ANTHROPIC_API_KEY)",
    },
    accounts: {
      type: "string",
      value: "FILE",
      help: 'Several keys or servers, as JSON: [{"apiKeyEnv":"KEY_1","baseURL":…,"rpm":…,"tpm":…}, …]',
    },
    provider: { type: "string", value: "NAME", help: "openai, also for all that speak as it does, or anthropic" },
    endpoint: { type: "string", value: "NAME", help: "chat, responses or embeddings (default: chat)" },
    simulate: { type: "boolean", help: "Ask a simulated model instead: no key, no cost, and answers without meaning" },
  },
  "What is asked": {
    prompt: {
      type: "string",
      short: "p",
      value: "TEXT",
      help: "A template over fields: 'Translate to French: {text}'",
    },
    "prompt-file": { type: "string", value: "FILE", help: "The same from a file" },
    system: { type: "string", value: "TEXT", help: "What the model is told before each prompt" },
    "max-tokens": { type: "string", value: "N", help: "The most tokens of an answer" },
    temperature: { type: "string", value: "X", help: "How freely the model answers" },
    text: { type: "boolean", help: "Each line is a prompt as it stands, not JSON" },
  },
  "Where it goes": {
    ...OUTPUT_OPTIONS,
    order: { type: "string", value: "ORDER", help: "Of the lines: input, or completion (default)" },
    "output-format": {
      type: "string",
      value: "FORMAT",
      help: "answer (default: text, usage, why it ends), text, full (the whole response), or openai-batch",
    },
  },
  "An output that exists": EXISTING_OPTIONS,
  "How fast": {
    rpm: {
      type: "string",
      value: "N",
      help: "Requests per minute, of each account (default: learned from the server)",
    },
    tpm: { type: "string", value: "N", help: "Tokens per minute, in and out (default: learned from the server)" },
    concurrency: { type: "string", value: "N", help: "Most requests at once, of each account (default: 64)" },
    retries: { type: "string", value: "N", help: "Attempts beyond the first after faults that pass (default: 10)" },
    timeout: { type: "string", value: "TIME", help: "How long an attempt may take: 30s, 5m (default: 10m)" },
    coalesce: { type: "boolean", help: "Ask once what several lines ask at the same time" },
    cache: { type: "string", value: "FILE", help: "Keep answers in FILE, and ask nothing that it answers" },
  },
  "What it costs, and when it stops": {
    "price-input": { type: "string", value: "X", help: "Price of a million tokens of prompts" },
    "price-output": { type: "string", value: "X", help: "Price of a million tokens of answers" },
    "max-cost": { type: "string", value: "X", help: "Stop when all answers in the output have cost so much" },
    ...ENDING_OPTIONS,
  },
  "What it shows": DISPLAY_OPTIONS,
};
