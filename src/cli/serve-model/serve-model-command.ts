/** `manyhands serve-model`: a simulated model, until it is interrupted. */
import { once } from "node:events";
import type { SimulatedModel } from "../../prompts/simulation/serve-model.js";
import type { SimulationStats } from "../../prompts/simulation/simulation-stats.js";
import { type Command, type CommandContext, EXIT, type Streams } from "../command.js";
import { Interruption } from "../interruption.js";
import { readFlag } from "../read-value.js";
import { UsageError } from "../usage-error.js";
import { LiveCounts } from "./live-counts.js";
import { readSimulation } from "./read-simulation.js";
import { SERVE_MODEL_OPTIONS } from "./serve-model-options.js";

export const serveModelCommand: Command = {
  name: "serve-model",
  summary: "a simulated model with latency, limits and faults",
  usage: "[options]",
  details: [
    "Speaks as OpenAI's and Anthropic's servers do: chat completions, responses, embeddings, messages, streamed or not. " +
      "Nothing it says is true, and each answer says that it is simulated.",
    "It ends by Ctrl-C or SIGTERM. GET /stats tells how it goes. With --json the first line on standard output has its " +
      "url, the last its counts.",
  ],
  options: SERVE_MODEL_OPTIONS,
  examples: [
    "manyhands serve-model",
    "manyhands serve-model --latency 50ms-2s --rpm 600 --tpm 90000 --faults 2%",
    "manyhands serve-model --json --keys first,second --rpm 600",
  ],
  exitCodes: "Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 it failed, 2 wrong usage or a port that is taken.",
  run: runServeModel,
};

async function runServeModel({ values, positionals, streams }: CommandContext): Promise<number> {
  if (positionals.length > 0) {
    throw new UsageError(`Cannot serve '${positionals[0]}' as there is one model, the simulated one: leave it out`);
  }
  const options = readSimulation(values);
  const isQuiet = readFlag(values, "quiet");
  const isJson = readFlag(values, "json");
  using interruption = new Interruption(() => {});
  const startedAt = performance.now();
  // No other command needs it.
  const { serveModel } = await import("../../prompts/simulation/serve-model.js");
  const model = await serveModel(options);
  try {
    announce(model, isJson, streams);
    const { signal } = interruption;
    using _live = new LiveCounts(() => model.stats(), isQuiet || isJson ? { write: () => {} } : streams.stderr);
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await model.close();
  }
  report(model.stats(), performance.now() - startedAt, { isQuiet, isJson, streams });
  return EXIT.done;
}

function announce({ url }: SimulatedModel, isJson: boolean, { stdout }: Streams): void {
  const text = isJson
    ? JSON.stringify({ url })
    : `A simulated model listens at ${url}: OPENAI_BASE_URL=${url} OPENAI_API_KEY=simulated`;
  stdout.write(`${text}\n`);
}

interface ReportSettings {
  readonly isQuiet: boolean;
  readonly isJson: boolean;
  readonly streams: Streams;
}

function report(stats: SimulationStats, elapsed: number, { isQuiet, isJson, streams }: ReportSettings): void {
  if (isJson) {
    streams.stdout.write(`${JSON.stringify({ exitCode: EXIT.done, ...stats, elapsed })}\n`);
  } else if (!isQuiet) {
    streams.stderr.write(`${summary(stats)}, in ${(elapsed / 1000).toFixed(1)} s\n`);
  }
}

function summary({ requests, answered, statuses, aborted, tokens, mostInFlight }: SimulationStats): string {
  const refused = Object.entries(statuses).filter(([status]) => status !== "200");
  return [
    `${count(requests)} requests, at most ${count(mostInFlight)} at once`,
    `${count(answered)} answered (${count(tokens.input)} tokens in, ${count(tokens.output)} out)`,
    ...refused.map(([status, times]) => `${count(times)} with status ${status}`),
    ...(aborted > 0 ? [`${count(aborted)} given up by the client`] : []),
  ].join(", ");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
