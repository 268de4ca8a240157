/** OpenAI's embeddings. */
import type { ModelAnswer, ModelRequest } from "../provider.js";
import type { EncodeSettings, Format, JsonObject } from "./format.js";
import { countIn, objectIn, objectsIn, wordIn } from "./json.js";
import { UnreadableError } from "./unreadable-error.js";

const FLOAT_BYTES = 4;

export const embeddingsFormat: Format = { path: "/embeddings", encode, decode, assemble: undefined };

function encode(request: ModelRequest, settings: EncodeSettings): JsonObject {
  const input = inputOf(request);
  return {
    model: request.model ?? settings.model,
    // Base64 is a third of the size, and read without parsing numbers. Who writes the body gets the form they ask for.
    ...(input && { input, encoding_format: "base64" }),
    ...request.body,
  };
}

function decode(body: JsonObject, request: ModelRequest): ModelAnswer {
  if (!Array.isArray(body.data)) throw new UnreadableError("the response has no 'data'");
  const items = objectsIn(body.data);
  const asked = inputOf(request)?.length;
  if (asked !== undefined && asked !== items.length) {
    throw new UnreadableError(`the response has ${items.length} embeddings for ${asked} inputs`);
  }
  const embeddings: (readonly number[])[] = [];
  items.forEach((item, place) => {
    const index = typeof item.index === "number" ? item.index : place;
    if (!Number.isInteger(index) || index < 0 || index >= items.length || embeddings[index]) {
      throw new UnreadableError(`the response has no embedding for each input: an index is ${String(index)}`);
    }
    embeddings[index] = vectorOf(item.embedding);
  });
  const usage = objectIn(body.usage);
  const tokens = countIn(usage?.prompt_tokens) ?? countIn(usage?.total_tokens);
  return {
    text: "",
    embeddings,
    usage: tokens === undefined ? undefined : { input: tokens, output: 0 },
    finishReason: undefined,
    model: wordIn(body.model),
    body,
  };
}

/** Nothing where the body says what is embedded. */
function inputOf({ input, messages, body }: ModelRequest): readonly string[] | undefined {
  return body && "input" in body ? undefined : (input ?? messages?.map((message) => message.content));
}

/** Numbers, or 32-bit floats as base64, least byte first. */
function vectorOf(embedding: unknown): readonly number[] {
  if (Array.isArray(embedding) && embedding.every((value) => typeof value === "number")) return embedding;
  if (typeof embedding === "string") {
    const bytes = Buffer.from(embedding, "base64");
    if (bytes.length > 0 && bytes.length % FLOAT_BYTES === 0) {
      return Array.from({ length: bytes.length / FLOAT_BYTES }, (_, index) => bytes.readFloatLE(index * FLOAT_BYTES));
    }
  }
  throw new UnreadableError("the response has an embedding that is neither numbers nor base64");
}
