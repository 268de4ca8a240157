import { show } from "../../config/show.js";
import type { Endpoint, ModelRequest } from "../provider.js";
import { objectIn, wordIn } from "../wire/json.js";

/** A line of the input of a batch of OpenAI's (or of Anthropic's), as a request. */
export interface BatchRequest {
  /** What the answer is known by. */
  readonly customId: string;
  /** Its `body` is that of the line, sent as it is. */
  readonly request: ModelRequest;
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  "/chat/completions": "chat",
  "/responses": "responses",
  "/embeddings": "embeddings",
  "/messages": "messages",
};

/**
 * Tells whether a value is meant as a line of a batch: an object with a `custom_id`, and a `body` as OpenAI has it, or
 * `params` as Anthropic has it.
 */
export function isBatchLine(value: unknown): boolean {
  const line = objectIn(value);
  return line !== undefined && "custom_id" in line && ("body" in line || "params" in line);
}

/**
 * Reads a line of a batch file: `{ custom_id, method, url, body }` of OpenAI, or `{ custom_id, params }` of Anthropic.
 *
 * @throws {TypeError} when something is missing, wrong, or an endpoint that is not spoken
 *
 * @example
 * ```ts
 * import { readBatchLine } from "manyhands/prompts";
 *
 * const body = { model: "gpt-4.1-mini", messages: [{ role: "user", content: "Hello" }] };
 * const { customId, request } = readBatchLine({ custom_id: "a", method: "POST", url: "/v1/chat/completions", body });
 * console.log(customId, request.endpoint); // a chat
 * ```
 */
export function readBatchLine(value: unknown): BatchRequest {
  const line = objectIn(value);
  if (!line) throw refusal("it must be an object", value);
  const customId = wordIn(line.custom_id);
  if (customId === undefined) throw refusal("'custom_id' must be a text", line.custom_id);
  const params = objectIn(line.params);
  if (params) return { customId, request: requestOf(params, "messages") };
  const body = objectIn(line.body);
  if (!body) throw refusal("'body' must be an object", line.body);
  if (line.method !== undefined && line.method !== "POST") throw refusal("'method' must be 'POST'", line.method);
  return { customId, request: requestOf(body, endpointOf(line.url)) };
}

function requestOf(body: Readonly<Record<string, unknown>>, endpoint: Endpoint): ModelRequest {
  const model = wordIn(body.model);
  return { endpoint, ...(model !== undefined && { model }), body };
}

/** Also without the version, and with a host before it. */
function endpointOf(url: unknown): Endpoint {
  const path = typeof url === "string" ? /(\/(?:chat\/)?\w+)\/?$/.exec(url)?.[1] : undefined;
  const endpoint = path !== undefined && Object.hasOwn(ENDPOINTS, path) ? ENDPOINTS[path] : undefined;
  if (endpoint) return endpoint;
  const known = Object.keys(ENDPOINTS).map((one) => `'/v1${one}'`);
  throw refusal(`'url' must be one of ${known.join(", ")}`, url);
}

function refusal(problem: string, value: unknown): TypeError {
  return new TypeError(`Cannot read a line of a batch as ${problem}: current value is ${show(value).slice(0, 200)}`);
}
