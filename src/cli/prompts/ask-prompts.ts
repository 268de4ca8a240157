/** What `manyhands prompts` does: reads what was typed, and runs it. */
import { readFileSync } from "node:fs";
import { oneOf } from "../../config/one-of.js";
import { BudgetExceededError, QuotaExceededError } from "../../errors.js";
import { exact } from "../../progress/figures.js";
import { FORMATS } from "../../prompts/run/answer-line.js";
import type { RunPromptsOptions } from "../../prompts/run/run-options.js";
import { performPrompts, type PromptsOutcome } from "../../prompts/run/run-prompts.js";
import { money } from "../../prompts/run/tally.js";
import { type FileSettings, readFileSettings } from "../batch/file-options.js";
import { runDurably } from "../batch/run-durably.js";
import type { CommandContext, OptionValues } from "../command.js";
import { readCount, readDuration, readFlag, readNumber, readText } from "../read-value.js";
import { UsageError } from "../usage-error.js";
import { openModel, readModel } from "./open-model.js";

const ORDERS = ["input", "completion"] as const;

type Typed = Omit<RunPromptsOptions, "input" | "output" | "provider">;

/** Runs the command; resolves with its exit code. */
export async function askPrompts(context: CommandContext): Promise<number> {
  const { values, streams } = context;
  const files = readFileSettings("prompts", context, context.positionals);
  const typed = readPromptOptions(values);
  const settings = await readModel(values, files.input);
  if (settings.isSimulated && typed.cache !== undefined) {
    throw new UsageError(
      "Cannot set '--cache' as '--simulate' is set too: real runs would take its answers for real ones",
    );
  }
  return runDurably(context, {
    command: "prompts",
    files,
    perform,
    details: (outcome) => details(outcome, typed.text === true),
    forTheRest: (argv, outcome) => (isTooDear(outcome) ? withMoreMoney(argv, typed.maxCost!) : argv),
  });

  async function perform(signal: AbortSignal): Promise<PromptsOutcome> {
    await using model = await openModel(settings, typed);
    if (settings.isSimulated && !files.isQuiet) {
      streams.stderr.write("manyhands prompts: asking a simulated model, whose answers mean nothing\n");
    }
    // Awaited here, as the model is closed on the way out.
    return await performPrompts({
      ...typed,
      ...files.batch,
      provider: model.provider,
      ...(settings.endpoint && { endpoint: settings.endpoint }),
      ...(settings.isSimulated && { settings: { simulated: true } }),
      progress: progressOf(files, settings.model, context),
      signal,
    });
  }
}

function progressOf(files: FileSettings, model: string, { streams }: CommandContext): RunPromptsOptions["progress"] {
  return files.hasProgress && { description: model, stream: streams.stderr };
}

/** @throws {UsageError | TypeError} for values that are not valid */
function readPromptOptions(values: OptionValues): Typed {
  const retries = readCount(values, "retries", 0);
  const [input, output] = [readNumber(values, "price-input", 0), readNumber(values, "price-output", 0)];
  const maxCost = readNumber(values, "max-cost", 0);
  if ((input === undefined) !== (output === undefined)) {
    const [given, missing] = input === undefined ? ["price-output", "price-input"] : ["price-input", "price-output"];
    throw new UsageError(`Cannot set '--${given}' as '--${missing}' is not set: set both`);
  }
  if (maxCost !== undefined && input === undefined) {
    throw new UsageError(
      "Cannot set '--max-cost' as nothing says what tokens cost: set --price-input and --price-output",
    );
  }
  return defined({
    prompt: readTemplate(values),
    system: readText(values, "system"),
    maxTokens: readCount(values, "max-tokens", 1),
    temperature: readNumber(values, "temperature", 0),
    text: readFlag(values, "text"),
    order: oneOf("--order", readText(values, "order") ?? "completion", ORDERS),
    format: oneOf("--output-format", readText(values, "output-format") ?? "answer", FORMATS),
    rpm: readCount(values, "rpm", 1),
    tpm: readCount(values, "tpm", 1),
    concurrency: readCount(values, "concurrency", 1),
    retry: retries === undefined ? undefined : { retries },
    timeout: readDuration(values, "timeout"),
    coalesce: readFlag(values, "coalesce"),
    cache: readText(values, "cache"),
    price: input === undefined ? undefined : { input, output: output! },
    maxCost,
  });
}

function readTemplate(values: OptionValues): string | undefined {
  const [prompt, path] = [readText(values, "prompt"), readText(values, "prompt-file")];
  if (path === undefined) return prompt;
  if (prompt !== undefined) throw new UsageError("Cannot set '--prompt-file' as '--prompt' is set too: choose one");
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new UsageError(`Cannot set '--prompt-file' as ${path} cannot be read: ${(error as Error).message}`);
  }
}

/** Without what was not typed, so that defaults hold. */
function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function isTooDear({ stopped }: Pick<PromptsOutcome, "stopped">): boolean {
  return stopped?.reason instanceof BudgetExceededError;
}

function withMoreMoney(argv: readonly string[], maxCost: number): string[] {
  const more = money(2 * maxCost);
  return argv.map((argument, at) => {
    if (argument.startsWith("--max-cost=")) return `--max-cost=${more}`;
    return argv[at - 1] === "--max-cost" ? more : argument;
  });
}

/** What a run took, in sentences. */
function details({ summary, stopped }: PromptsOutcome, isText: boolean): string[] {
  const { usage, cost, retried, throttled, reused, done, failed, invalid, skipped } = summary;
  const again = [
    ...(reused > 0 ? [`${exact(reused)} answers were there already`] : []),
    ...(retried > 0 ? [`${exact(retried)} attempts were made again`] : []),
    ...(throttled > 0 ? [`the server said ${exact(throttled)} times to slow down`] : []),
  ].join(", ");
  return [
    `Tokens in the output: ${exact(usage.input)} in, ${exact(usage.output)} out` +
      (cost === undefined ? "" : `, at a cost of ${money(cost)}`),
    ...(again === "" ? [] : [again[0]!.toUpperCase() + again.slice(1)]),
    ...(!isText && invalid > 0 && invalid === failed && done + skipped === 0
      ? ["No line was JSON: add --text where each is a prompt as it stands"]
      : []),
    ...(isTooDear({ stopped }) ? ["To go on, raise --max-cost, as to twice as much below"] : []),
    ...(stopped?.reason instanceof QuotaExceededError ? ["The rest can be asked as soon as there is quota again"] : []),
  ];
}
