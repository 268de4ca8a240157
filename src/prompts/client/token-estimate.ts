/**
 * Guesses how many tokens a request will take, and learns from what they really took.
 *
 * Owns two means: tokens for each four characters of a prompt, and tokens of an answer. Both are plain means of the first
 * answers, and follow the last 50 or so from then on: prompts of one job are alike, and jobs follow each other.
 *
 * T1. A guess is finite and at least 1. What cannot be learned from, as an answer without usage, changes nothing.
 */
import type { ModelRequest, Usage } from "../provider.js";

/** English in the vocabularies of large models; code and other languages have more tokens, which is learned. */
const CHARACTERS_PER_TOKEN = 4;
/** What a message costs beside its text. */
const TOKENS_PER_MESSAGE = 4;
/** Before any answer is known; rather too much, as what is sent beyond a limit is refused. */
const FIRST_ANSWER = 512;
const MEMORY = 50;

/** Tokens of a prompt and of its answer. */
export interface TokenGuess {
  readonly input: number;
  readonly output: number;
}

export class TokenEstimate {
  /** The caller's own way to count the tokens of a prompt. */
  readonly #count: ((request: ModelRequest) => number) | undefined;
  readonly #factor = new Mean(1);
  readonly #answer = new Mean(FIRST_ANSWER);
  /** Of each request, uncorrected: it is counted once, as a tokenizer takes its time, and may count otherwise the next. */
  readonly #counted = new WeakMap<ModelRequest, number>();

  constructor(count: ((request: ModelRequest) => number) | undefined) {
    this.#count = count;
  }

  guess(request: ModelRequest): TokenGuess {
    const input = Math.max(1, Math.round(this.#base(request) * this.#factor.value));
    return { input, output: hasAnswer(request) ? Math.min(maxTokensOf(request), Math.round(this.#answer.value)) : 0 };
  }

  learn(request: ModelRequest, usage: Usage): void {
    const { input, output } = usage;
    if (Number.isFinite(input) && input > 0) this.#factor.add(input / this.#base(request));
    if (hasAnswer(request) && Number.isFinite(output) && output >= 0) this.#answer.add(output);
  }

  #base(request: ModelRequest): number {
    if (!this.#count) return this.#countTokens(request);
    const known = this.#counted.get(request);
    if (known !== undefined) return known;
    const base = this.#countTokens(request);
    this.#counted.set(request, base);
    return base;
  }

  #countTokens(request: ModelRequest): number {
    const counted = this.#count?.(request);
    if (counted === undefined) return Math.max(1, charactersOf(request) / CHARACTERS_PER_TOKEN + overheadOf(request));
    if (Number.isFinite(counted) && counted > 0) return counted;
    throw new RangeError(
      `Cannot estimate the tokens of a prompt as 'estimate' must return a number above 0: it returned ${counted}`,
    );
  }
}

class Mean {
  value: number;
  #count = 0;

  constructor(initial: number) {
    this.value = initial;
  }

  add(sample: number): void {
    this.#count = Math.min(this.#count + 1, MEMORY);
    this.value += (sample - this.value) / this.#count;
  }
}

function hasAnswer({ endpoint, input }: ModelRequest): boolean {
  return endpoint !== "embeddings" && input === undefined;
}

function maxTokensOf({ maxTokens, body }: ModelRequest): number {
  const own = body?.["max_completion_tokens"] ?? body?.["max_tokens"] ?? body?.["max_output_tokens"] ?? maxTokens;
  return typeof own === "number" && own > 0 ? own : Number.POSITIVE_INFINITY;
}

function overheadOf({ messages }: ModelRequest): number {
  return TOKENS_PER_MESSAGE * (messages?.length ?? 0);
}

function charactersOf({ messages = [], input = [], body }: ModelRequest): number {
  let sum = 0;
  for (const { content } of messages) sum += content.length;
  for (const text of input) sum += text.length;
  return sum + (body === undefined ? 0 : textIn(body, 0));
}

const DEEPEST = 8;

/** Characters of all texts in a body that is sent as it is. */
function textIn(value: unknown, depth: number): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null || depth > DEEPEST) return 0;
  let sum = 0;
  for (const part of Object.values(value)) sum += textIn(part, depth + 1);
  return sum;
}
