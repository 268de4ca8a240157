import { createHash } from "node:crypto";
import type { ModelRequest } from "../provider.js";

/** What tells one request from another: the same for requests that are sent as the same text. */
export function requestKey(provider: { readonly name: string; readonly model: string }, request: ModelRequest): string {
  const { messages = [], input, endpoint, model = provider.model, maxTokens, temperature, body } = request;
  const parts = [
    provider.name,
    endpoint,
    model,
    maxTokens,
    temperature,
    input,
    messages.map(({ role, content }) => [role, content]),
    body,
  ];
  return createHash("sha256")
    .update(JSON.stringify(parts.map(sorted)))
    .digest("hex");
}

/** With the fields of objects in order, as whoever builds a body may add them in any. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}
