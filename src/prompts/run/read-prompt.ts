/** Makes requests of items: of prompts, conversations, texts to embed, lines of OpenAI Batch, or of any data by a template. */
import { closest } from "../../config/closest.js";
import { listWords, oneOf } from "../../config/one-of.js";
import { show } from "../../config/show.js";
import { isBatchLine, readBatchLine } from "../openai-batch/read-batch-line.js";
import type { Endpoint, ModelRequest, PromptMessage } from "../provider.js";
import { compileTemplate } from "./template.js";

/** What all items of a run have in common; what an item says itself wins. */
export interface PromptDefaults {
  /** Makes a prompt of any item: text with fields, as in `"Translate to French: {text}"`, or a function. */
  readonly prompt?: string | ((item: never) => ModelRequest | string) | undefined;
  /** What comes before each prompt as the message of the system; with `prompt` it may have fields too. */
  readonly system?: string | undefined;
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly endpoint?: Endpoint | undefined;
}

/** Fields of an item beside its prompt. */
const FIELDS = ["model", "system", "maxTokens", "max_tokens", "temperature", "body"] as const;
const KINDS = ["prompt", "messages", "input"] as const;
const KNOWN: ReadonlySet<string> = new Set([...FIELDS, ...KINDS]);
const ROLES: ReadonlySet<unknown> = new Set(["system", "user", "assistant"]);

type Item = Readonly<Record<string, unknown>>;

/**
 * Returns the function that makes a request of each item.
 *
 * @throws {TypeError} for a template without fields: each item would be the same prompt
 */
export function promptReader(defaults: PromptDefaults): (item: unknown) => ModelRequest {
  const { prompt } = defaults;
  if (prompt === undefined) return (item) => readItem(item, defaults);
  if (typeof prompt === "function") {
    return (item) => {
      const made = prompt(item as never);
      return typeof made === "string" ? fromText(made, {}, defaults) : withDefaults(made, defaults);
    };
  }
  const template = compileTemplate(prompt);
  if (template.fields.length === 0) {
    throw new TypeError(
      `Cannot set 'prompt' as it must have a field to fill in, as in 'Summarize: {text}': current value is ${show(prompt)}`,
    );
  }
  const system = defaults.system === undefined ? undefined : compileTemplate(defaults.system);
  return (item) => fromText(template.fill(item), {}, { ...defaults, system: system?.fill(item) });
}

function readItem(item: unknown, defaults: PromptDefaults): ModelRequest {
  if (typeof item === "string") return fromText(item, {}, defaults);
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    throw new TypeError(
      `Cannot make a prompt of the line as it must be text or an object: current value is ${show(item)}`,
    );
  }
  const fields = item as Item;
  // It says all by itself, and is sent as it is.
  if (isBatchLine(fields)) return readBatchLine(fields).request;
  const kinds = KINDS.filter((kind) => fields[kind] !== undefined);
  if (kinds.length !== 1) throw unclear(fields, kinds);
  checkNames(fields);
  if (kinds[0] === "prompt") return fromText(textOf(fields, "prompt"), fields, defaults);
  if (kinds[0] === "messages") return fromMessages(fields.messages, fields, defaults);
  return fromInput(fields.input, fields, defaults);
}

function fromText(text: string, fields: Item, defaults: PromptDefaults): ModelRequest {
  if (text.trim() === "") throw new TypeError("Cannot make a prompt of the line as it is empty");
  if (defaults.endpoint === "embeddings") return { ...embedding([text]), ...own(fields, {}) };
  const system = fields.system === undefined ? defaults.system : textOf(fields, "system");
  const user: PromptMessage = { role: "user", content: text };
  return {
    messages: system === undefined ? [user] : [{ role: "system", content: system }, user],
    ...own(fields, defaults),
  };
}

function fromMessages(messages: unknown, fields: Item, defaults: PromptDefaults): ModelRequest {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new TypeError(`Cannot read 'messages' as it must be a list of messages: current value is ${show(messages)}`);
  }
  for (const message of messages as unknown[]) {
    if (typeof (message as { role?: unknown } | null)?.role === "string") continue;
    throw new TypeError(`Cannot read 'messages' as each must have a role: current value is ${show(message)}`);
  }
  const all = messages as PromptMessage[];
  const system = fields.system === undefined ? defaults.system : textOf(fields, "system");
  const hasOwn = all.some(({ role }) => role === "system" || (role as string) === "developer");
  const whole = system === undefined || hasOwn ? all : [{ role: "system", content: system } as const, ...all];
  const request = own(fields, defaults);
  // Images, tools and the like are sent as they are.
  const isPlain = whole.every(({ role, content }) => ROLES.has(role) && typeof content === "string");
  return isPlain ? { messages: whole, ...request } : { ...request, body: { ...request.body, messages: whole } };
}

function fromInput(input: unknown, fields: Item, defaults: PromptDefaults): ModelRequest {
  const texts = typeof input === "string" ? [input] : input;
  const isText = Array.isArray(texts) && texts.length > 0 && texts.every((text) => typeof text === "string");
  if (!isText) {
    throw new TypeError(`Cannot read 'input' as it must be text or a list of texts: current value is ${show(input)}`);
  }
  if (defaults.endpoint === "responses" && texts.length === 1) return fromText(texts[0]!, fields, defaults);
  if (defaults.endpoint !== undefined && defaults.endpoint !== "embeddings") {
    throw new TypeError(`Cannot embed 'input' as the endpoint is '${defaults.endpoint}': set 'embeddings'`);
  }
  return { ...embedding(texts as string[]), ...own(fields, {}) };
}

function embedding(input: readonly string[]): ModelRequest {
  return { input, endpoint: "embeddings" };
}

/** What an item says beside its prompt, and what all say. */
function own(fields: Item, defaults: PromptDefaults): ModelRequest {
  const { model, body } = fields;
  if (body !== undefined && (typeof body !== "object" || body === null || Array.isArray(body))) {
    throw new TypeError(`Cannot read 'body' as it must be an object: current value is ${show(body)}`);
  }
  const maxTokens = fields.maxTokens ?? fields.max_tokens;
  return withDefaults(
    {
      ...(model !== undefined && { model: textOf(fields, "model") }),
      ...(maxTokens !== undefined && { maxTokens: numberOf("maxTokens", maxTokens, 1) }),
      ...(fields.temperature !== undefined && { temperature: numberOf("temperature", fields.temperature, 0) }),
      ...(body !== undefined && { body: body as Item }),
    },
    defaults,
  );
}

function withDefaults(request: ModelRequest, { maxTokens, temperature, endpoint }: PromptDefaults): ModelRequest {
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...request,
  };
}

function textOf(fields: Item, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot read '${name}' as it must be text: current value is ${show(value)}`);
}

function numberOf(name: string, value: unknown, least: number): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= least) return value;
  throw new TypeError(`Cannot read '${name}' as it must be a number from ${least} on: current value is ${show(value)}`);
}

/** A field that is nearly one of ours would be ignored, a million times. */
function checkNames(fields: Item): void {
  for (const name of Object.keys(fields)) {
    if (KNOWN.has(name)) continue;
    const hint = closest(name, FIELDS);
    // Words that merely look alike are the user's own.
    if (hint === undefined || Math.abs(name.length - hint.length) > 2 || !name.startsWith(hint.slice(0, 2))) continue;
    throw new TypeError(`Cannot read '${name}' as there is no such field of a prompt: did you mean '${hint}'?`);
  }
}

function unclear(fields: Item, kinds: readonly string[]): TypeError {
  if (kinds.length > 1) {
    return new TypeError(
      `Cannot make a prompt of the line as it has both '${kinds[0]}' and '${kinds[1]}': leave out one`,
    );
  }
  const names = Object.keys(fields).slice(0, 8);
  const has = names.length > 0 ? `it has ${listWords(names)}` : "it has no fields";
  return new TypeError(
    `Cannot make a prompt of the line as it has none of ${listWords(KINDS)}: ${has}, and a template such as ` +
      `'Summarize: {${names[0] ?? "text"}}' would say what to ask of them`,
  );
}

/** @throws {TypeError} for options that are not valid */
export function checkPromptDefaults({ prompt, system, maxTokens, temperature, endpoint }: PromptDefaults): void {
  if (prompt !== undefined && typeof prompt !== "function" && typeof prompt !== "string") {
    throw new TypeError(`Cannot set 'prompt' as it must be text or a function: current value is ${show(prompt)}`);
  }
  if (system !== undefined && typeof system !== "string") {
    throw new TypeError(`Cannot set 'system' as it must be text: current value is ${show(system)}`);
  }
  if (maxTokens !== undefined && !(Number.isSafeInteger(maxTokens) && maxTokens >= 1)) {
    throw new RangeError(
      `Cannot set 'maxTokens' as it must be a positive integer: current value is ${show(maxTokens)}`,
    );
  }
  if (temperature !== undefined && !(typeof temperature === "number" && temperature >= 0)) {
    throw new RangeError(
      `Cannot set 'temperature' as it must be a number from 0 on: current value is ${show(temperature)}`,
    );
  }
  if (endpoint !== undefined) oneOf("endpoint", endpoint, ["chat", "responses", "embeddings", "messages"]);
}
