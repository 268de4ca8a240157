/** POST /v1/embeddings. */
import type { Answer, Dialect, JsonObject, Question } from "./dialect.js";
import { openaiRefusal } from "./openai-refusal.js";
import { invalidRequest, missingParameter } from "./problem.js";
import { invalidType, readMaxTokens, readModel } from "./read-body.js";
import { simulatedVector } from "./simulated-vector.js";
import { countTokens } from "./simulated-text.js";

/** Those of OpenAI's smaller models. */
const DIMENSIONS = 1536;
const MOST_DIMENSIONS = 4096;
const MOST_INPUTS = 2048;

/** OpenAI's embeddings. */
export const embeddings: Dialect = {
  endpoint: "embeddings",
  vendor: "openai",

  read(body: JsonObject): Question {
    const model = readModel(body);
    const inputs = readInputs(body["input"]);
    readDimensions(body);
    const format = body["encoding_format"];
    if (format !== undefined && format !== "float" && format !== "base64") {
      const message = "Invalid value for 'encoding_format': supported values are 'float' and 'base64'.";
      throw invalidRequest(message, "encoding_format", "invalid_value");
    }
    return {
      model,
      messages: [],
      text: inputs.map(({ text }) => text).join("\n"),
      inputTokens: inputs.reduce((sum, { tokens }) => sum + tokens, 0),
      inputs: inputs.map(({ text }) => text),
      maxTokens: undefined,
      schema: undefined,
      isStream: false,
      body,
    };
  },

  whole({ model, inputs, body }: Question, { inputTokens }: Answer): string {
    const dimensions = readDimensions(body);
    const isBase64 = body["encoding_format"] === "base64";
    return JSON.stringify({
      object: "list",
      data: inputs.map((text, index) => {
        const vector = simulatedVector(text, dimensions);
        return { object: "embedding", index, embedding: isBase64 ? toBase64(vector) : [...vector] };
      }),
      model,
      usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
    });
  },

  stream: undefined,

  refusal: openaiRefusal,
};

interface Input {
  readonly text: string;
  readonly tokens: number;
}

/** A text, texts, the numbers of the tokens of a text, or several such lists. */
function readInputs(input: unknown): Input[] {
  if (input === undefined) throw missingParameter("input");
  const list: readonly unknown[] = Array.isArray(input) && !input.every(Number.isInteger) ? input : [input];
  if (list.length > MOST_INPUTS) {
    const message = `Invalid 'input': array too long. Expected an array with maximum length ${MOST_INPUTS}, but got an array with length ${list.length} instead.`;
    throw invalidRequest(message, "input", "array_above_max_length");
  }
  return list.map(readInput);
}

function readInput(input: unknown): Input {
  if (typeof input === "string") {
    if (input === "") throw invalidRequest("Invalid 'input': input cannot be an empty string.", "input");
    return { text: input, tokens: countTokens(input) };
  }
  if (!Array.isArray(input) || !input.every(Number.isInteger)) throw invalidType("input", "a string", input);
  if (input.length === 0) throw invalidRequest("Invalid 'input': input cannot be an empty array.", "input");
  return { text: input.join(" "), tokens: input.length };
}

function readDimensions(body: JsonObject): number {
  const dimensions = readMaxTokens(body, ["dimensions"]) ?? DIMENSIONS;
  if (dimensions <= MOST_DIMENSIONS) return dimensions;
  throw invalidRequest(`Invalid 'dimensions': expected a value <= ${MOST_DIMENSIONS}.`, "dimensions");
}

/** Four bytes for each number, the lowest first, as OpenAI sends them. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString("base64");
}
