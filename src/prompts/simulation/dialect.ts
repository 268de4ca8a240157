/** How one endpoint of a model server speaks. */
import type { Endpoint, PromptMessage } from "../provider.js";
import type { Problem } from "./problem.js";

/** A body of JSON that is an object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What is asked, whatever the endpoint. */
export interface Question {
  readonly model: string;
  readonly messages: readonly PromptMessage[];
  /** All that the model is given to read: what its answer is drawn for. */
  readonly text: string;
  readonly inputTokens: number;
  /** Texts to embed; none but for embeddings. */
  readonly inputs: readonly string[];
  readonly maxTokens: number | undefined;
  /** What the JSON is to be like that is asked for; `{}` for any, `undefined` where a text is asked for. */
  readonly schema: JsonObject | undefined;
  readonly isStream: boolean;
  readonly body: JsonObject;
}

/** What is answered, whatever the endpoint. */
export interface Answer {
  /** A number of its own. */
  readonly id: string;
  /** In seconds since 1970. */
  readonly created: number;
  readonly text: string;
  /** Whether the most tokens that were asked for have cut it. */
  readonly isCut: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** An answer as server-sent events: what comes before the text, for each piece of it, and after. */
export interface StreamDialect {
  open(question: Question, answer: Answer): string;
  piece(question: Question, answer: Answer, text: string, index: number): string;
  close(question: Question, answer: Answer, pieces: number): string;
}

/** The response to a request that is not answered. */
export interface Refusal {
  readonly status: number;
  readonly body: string;
}

/** How one endpoint speaks. */
export interface Dialect {
  readonly endpoint: Endpoint;
  readonly vendor: "openai" | "anthropic";
  /** @throws {Problem} when the body is not what the endpoint takes */
  read(body: JsonObject): Question;
  /** The body of an answer that is not streamed. */
  whole(question: Question, answer: Answer): string;
  /** None where nothing is streamed. */
  readonly stream: StreamDialect | undefined;
  /** An error as the vendor has it. */
  refusal(problem: Problem): Refusal;
}
