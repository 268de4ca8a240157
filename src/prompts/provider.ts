/** What a model is asked, what it answers, and who asks it: the interface between a client and its provider. */
import type { HeadersLike } from "../limits/headers/read-headers.js";

/** One message of a conversation. */
export interface PromptMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** The endpoints of models that are spoken: OpenAI's chat completions, responses and embeddings, Anthropic's messages. */
export type Endpoint = "chat" | "responses" | "embeddings" | "messages";

/** What a model is asked. */
export interface ModelRequest {
  /** The conversation, oldest first; may be empty where `body` or `input` says what is asked. @default [] */
  readonly messages?: readonly PromptMessage[] | undefined;
  /** Texts to embed. */
  readonly input?: readonly string[] | undefined;
  /** @default `"embeddings"` for `input` alone, else what the provider speaks */
  readonly endpoint?: Endpoint | undefined;
  /** @default the provider's */
  readonly model?: string | undefined;
  /** The most tokens of the answer. @default what the server says */
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  /** Fields of the body as they are sent; they win over those above. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
}

/** What a request took, in tokens. */
export interface Usage {
  /** Tokens of the prompt, those from a cache of the server included. */
  readonly input: number;
  /** Tokens of the answer, those of hidden thoughts included. */
  readonly output: number;
  /** Those of `input` that the server had in its cache. @default 0 */
  readonly cached?: number | undefined;
}

/** What a model answered. */
export interface ModelAnswer {
  /** The text; `""` for embeddings. */
  readonly text: string;
  /** For embeddings, one vector for each input. */
  readonly embeddings?: readonly (readonly number[])[] | undefined;
  /** `undefined` where the server does not say. */
  readonly usage: Usage | undefined;
  /** Why the text ends, as the server names it: `"stop"`, `"length"`, … */
  readonly finishReason: string | undefined;
  /** The model that answered, as the server names it. */
  readonly model: string | undefined;
  /** The body of the response, parsed; for a stream, what it amounts to in the form of a whole response. */
  readonly body: unknown;
}

/** What an account may do; what it does not say is the client's to say, or learned from the headers of responses. */
export interface AccountRates {
  /** Requests per minute; `Infinity` where there is no limit. */
  readonly rpm?: number | undefined;
  /** Tokens per minute, of prompts and answers together; `Infinity` likewise. */
  readonly tpm?: number | undefined;
  /** The most requests at once. */
  readonly concurrency?: number | undefined;
}

/** An account, key or region that requests can be made with; each has limits of its own. */
export interface Account extends AccountRates {
  /** Shown in statistics; never the key. */
  readonly name: string;
}

/** What an attempt is made with. */
export interface SendContext<A extends Account = Account> {
  readonly account: A;
  /** Fires when the attempt is given up: the connection is then closed. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Told the headers of the response as soon as they are there, also of one that is an error. */
  readonly onHeaders: (headers: HeadersLike, status: number) => void;
  /** Where given, the answer is streamed: it is told each piece of the text as it comes. */
  readonly onText?: ((piece: string) => void) | undefined;
  /**
   * Where others are held back until this attempt is answered, how many of them will be sent at once then: connections may
   * be opened for them meanwhile.
   */
  readonly following?: (() => number) | undefined;
}

/** Makes requests to a model, one attempt at a time: no retries and no limits, which are the client's. */
export interface Provider<A extends Account = Account> {
  /** As in `"openai"`. */
  readonly name: string;
  readonly model: string;
  /** At least one. */
  readonly accounts: readonly A[];
  /**
   * Makes one attempt. Rejects with a {@link ModelError}, or with any error whose `status`, `code`, `headers` and the like
   * tell what went wrong.
   */
  send(request: ModelRequest, context: SendContext<A>): Promise<ModelAnswer>;
  /** Lets go of connections. */
  close?(): Promise<void> | void;
}
