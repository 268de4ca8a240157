/** The options of a run of prompts: their meaning, their defaults, and what is refused. */
import type { BatchOptions } from "../../batch/options.js";
import { atLeast } from "../../config/at-least.js";
import { checkFields, checkRecord } from "../../config/check-fields.js";
import { checkFlag } from "../../config/check-flag.js";
import { oneOf } from "../../config/one-of.js";
import { show } from "../../config/show.js";
import type { AnswerCache } from "../client/answer-cache.js";
import { CLIENT_OPTIONS, type ModelClientOptions } from "../client/client-options.js";
import type { Provider } from "../provider.js";
import { FORMATS, type PromptsFormat } from "./answer-line.js";
import { checkPromptDefaults, type PromptDefaults } from "./read-prompt.js";

type FileOptions = Pick<
  BatchOptions,
  | "input"
  | "output"
  | "window"
  | "failures"
  | "resume"
  | "overwrite"
  | "force"
  | "settings"
  | "maxFailures"
  | "maxLineBytes"
  | "progress"
  | "signal"
  | "grace"
>;

/** Options of {@link runPrompts}: of the files as for `runBatch`, of the prompts, and of the client that asks. */
export interface RunPromptsOptions extends FileOptions, PromptDefaults, Omit<ModelClientOptions, Counted> {
  /** Who is asked; it is closed at the end. */
  readonly provider: Provider;
  /** The order of the lines of the output: that of the input, or that in which answers come. @default "completion" */
  readonly order?: "input" | "completion" | undefined;
  /** What is written of each answer. @default "answer" */
  readonly format?: PromptsFormat | undefined;
  /** Whether each line of the input is a prompt as it stands, and no JSON. @default false */
  readonly text?: boolean | undefined;
  /** Answers of earlier runs: the path of a file that keeps them, `true` for memory, or a cache of your own. @default none */
  readonly cache?: string | boolean | AnswerCache | undefined;
}

const FILE_OPTIONS = {
  input: true,
  output: true,
  window: true,
  failures: true,
  resume: true,
  overwrite: true,
  force: true,
  settings: true,
  maxFailures: true,
  maxLineBytes: true,
  progress: true,
  signal: true,
  grace: true,
} as const satisfies Record<keyof FileOptions, true>;

const PROMPT_OPTIONS = {
  prompt: true,
  system: true,
  maxTokens: true,
  temperature: true,
  endpoint: true,
} as const satisfies Record<keyof PromptDefaults, true>;

/** What this counts by itself. */
type Counted = "cache" | "spent";
const { cache: _cache, spent: _spent, ...CLIENT } = CLIENT_OPTIONS;
/** Prompts that are held at once, however many might be asked. */
const MOST_AT_ONCE = 65_536;
const OWN_OPTIONS = ["provider", "order", "format", "text", "cache"] as const;

/** Options by whom they are for. */
export interface ResolvedRun {
  readonly provider: Provider;
  readonly files: FileOptions;
  readonly isOrdered: boolean;
  readonly prompts: PromptDefaults;
  readonly client: Omit<ModelClientOptions, Counted>;
  readonly cache: string | AnswerCache | boolean | undefined;
  /** Prompts that are begun at once: more than are asked, as those that wait to be tried again are among them. */
  readonly concurrency: number;
  readonly format: PromptsFormat;
  readonly isText: boolean;
  /** What a run that resumes must have in common with the one before. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** @throws {TypeError | RangeError} naming the option, its value, and what it must be */
export function resolveRun(options: RunPromptsOptions): ResolvedRun {
  checkFields("prompts", options, [...OWN_OPTIONS, ...Object.keys({ ...FILE_OPTIONS, ...PROMPT_OPTIONS, ...CLIENT })]);
  const { provider, cache, order = "completion", format = "answer", concurrency = 64 } = options;
  if (typeof (provider as unknown) !== "object" || typeof provider?.send !== "function") {
    throw new TypeError(
      `Cannot set 'provider' as it must be one, such as openai({ model }): current value is ${show(provider)}`,
    );
  }
  if (!isCache(cache)) {
    throw new TypeError(
      `Cannot set 'cache' as it must be a path, a boolean, or have get and set: current value is ${show(cache)}`,
    );
  }
  if (options.settings !== undefined) checkRecord("settings", options.settings);
  checkFlag("text", options.text);
  const prompts = pick<PromptDefaults>(options, PROMPT_OPTIONS);
  checkPromptDefaults(prompts);
  const isText = options.text === true;
  const isOrdered = oneOf("order", order, ["input", "completion"]) === "input";
  const atOnce = atLeast("concurrency", concurrency, 1);
  const shape = oneOf("format", format, FORMATS);
  return {
    provider,
    files: pick<FileOptions>(options, FILE_OPTIONS),
    isOrdered,
    prompts,
    client: pick<Omit<ModelClientOptions, Counted>>(options, CLIENT),
    cache,
    concurrency: Math.min(
      MOST_AT_ONCE,
      2 * provider.accounts.reduce((sum, own) => sum + (own.concurrency ?? atOnce), 0),
    ),
    format: shape,
    isText,
    settings: {
      provider: provider.name,
      model: provider.model,
      ...prompts,
      // As a function it cannot be compared.
      ...(typeof prompts.prompt === "function" && { prompt: "a function" }),
      format: shape,
      ...(isText && { text: true }),
      ...options.settings,
    },
  };
}

function isCache(cache: RunPromptsOptions["cache"]): boolean {
  if (cache === undefined || typeof cache === "boolean" || typeof cache === "string") return true;
  return typeof cache?.get === "function" && typeof cache.set === "function";
}

/** Those of the options that were given, so that defaults hold for the others. */
function pick<T extends object>(options: RunPromptsOptions, names: Readonly<Record<keyof T, true>>): T {
  const all = Object.entries(options).filter(([name, value]) => Object.hasOwn(names, name) && value !== undefined);
  return Object.fromEntries(all) as T;
}
