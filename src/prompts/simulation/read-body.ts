/** Reads what all endpoints have in common, and says what is wrong with it as OpenAI does. */
import type { PromptMessage } from "../provider.js";
import type { JsonObject } from "./dialect.js";
import { invalidRequest, missingParameter } from "./problem.js";

/** @throws {Problem} when it is no object of JSON */
export function readJson(chunks: readonly Buffer[]): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString());
  } catch {
    body = undefined;
  }
  if (isObject(body)) return body;
  throw invalidRequest(
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library " +
      "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
  );
}

/** @throws {Problem} when there is none */
export function readModel({ model }: JsonObject): string {
  if (model === undefined || model === "") throw invalidRequest("you must provide a model parameter");
  if (typeof model === "string") return model;
  throw invalidType("model", "a string", model);
}

/**
 * The most tokens of an answer, by the first of these names that is there.
 * @throws {Problem} when it is no whole number above 0
 */
export function readMaxTokens(body: JsonObject, names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== "number" || !Number.isInteger(value)) throw invalidType(name, "an integer", value);
    if (value >= 1) return value;
    throw invalidRequest(
      `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${value} instead.`,
      name,
      "integer_below_min_value",
    );
  }
  return undefined;
}

/** @throws {Problem} when it is no list of messages */
export function readMessages(messages: unknown, param: string): PromptMessage[] {
  if (messages === undefined) throw missingParameter(param);
  if (!Array.isArray(messages)) throw invalidType(param, "an array of objects", messages);
  if (messages.length === 0) {
    throw invalidRequest(
      `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
      param,
      "empty_array",
    );
  }
  return messages.map((message: unknown, index) => readMessage(message, `${param}[${index}]`));
}

function readMessage(message: unknown, param: string): PromptMessage {
  if (!isObject(message)) throw invalidType(param, "an object", message);
  const { role, content } = message;
  if (role === undefined) throw missingParameter(`${param}.role`);
  if (typeof role !== "string") throw invalidType(`${param}.role`, "a string", role);
  return { role: roleOf(role), content: readText(content) };
}

/** `developer` is what newer models call the system; of tools nothing is known here. */
function roleOf(role: string): PromptMessage["role"] {
  if (role === "system" || role === "developer") return "system";
  return role === "assistant" ? "assistant" : "user";
}

/** Content may be a text, or parts of which some are texts. */
export function readText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : ""))
    .join("");
}

/** What JSON is asked for: by chat with the schema one level deeper than by responses. */
export function readSchema(format: unknown): JsonObject | undefined {
  if (!isObject(format)) return undefined;
  if (format["type"] === "json_object") return {};
  if (format["type"] !== "json_schema") return undefined;
  const named = isObject(format["json_schema"]) ? format["json_schema"] : format;
  return isObject(named["schema"]) ? named["schema"] : {};
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function invalidType(param: string, wanted: string, value: unknown): Error {
  const got = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
  return invalidRequest(
    `Invalid type for '${param}': expected ${wanted}, but got ${got} instead.`,
    param,
    "invalid_type",
  );
}

/** All that is read, as one text. */
export function joinContents(messages: readonly PromptMessage[]): string {
  return messages.length === 1 ? messages[0]!.content : messages.map(({ content }) => content).join("\n");
}
