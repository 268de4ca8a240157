import { show } from "../../config/show.js";
import type { Endpoint, ModelRequest } from "../provider.js";

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  "/v1/chat/completions": "chat",
  "/v1/responses": "responses",
  "/v1/embeddings": "embeddings",
  "/v1/messages": "messages",
};

export function readBatchRequest(fields: Readonly<Record<string, unknown>>): ModelRequest {
  const { url, body } = fields;
  const endpoint = url === undefined ? undefined : ENDPOINTS[String(url)];
  if (url !== undefined && endpoint === undefined) throw new TypeError(`Cannot use 'url': current value is ${show(url)}`);
  return { ...(endpoint && { endpoint }), body: body as Record<string, unknown> };
}
