import { checkFields } from "../../config/check-fields.js";
import { show } from "../../config/show.js";
import type { ModelRequest } from "../provider.js";

const FIELDS: Readonly<Record<keyof ModelRequest, true>> = {
  messages: true,
  input: true,
  endpoint: true,
  model: true,
  maxTokens: true,
  temperature: true,
  body: true,
};
const ROLES: readonly unknown[] = ["system", "user", "assistant"];

/**
 * A request; a text is the one message of a user.
 * @throws {TypeError | RangeError} when it asks nothing, or says what no request can
 */
export function checkRequest(request: ModelRequest | string): ModelRequest {
  if (typeof request === "string") {
    if (request.trim() !== "") return { messages: [{ role: "user", content: request }] };
    throw new TypeError("Cannot ask as the prompt is empty: current value is " + show(request));
  }
  checkNoPrompt(request);
  checkFields("request", request, Object.keys(FIELDS));
  const { messages, input, body, maxTokens, temperature } = request;
  if (messages !== undefined) checkMessages(messages);
  if (
    input !== undefined &&
    !(Array.isArray(input) && input.length > 0 && input.every((text) => typeof text === "string"))
  ) {
    throw new TypeError(`Cannot ask as 'input' must be a list of texts: current value is ${show(input)}`);
  }
  if (body !== undefined && (typeof body !== "object" || body === null || Array.isArray(body))) {
    throw new TypeError(`Cannot ask as 'body' must be an object: current value is ${show(body)}`);
  }
  if (!messages?.length && !input && !body)
    throw new TypeError("Cannot ask as the request has neither messages, input nor body");
  if (maxTokens !== undefined && !(Number.isSafeInteger(maxTokens) && maxTokens > 0)) {
    throw new RangeError(`Cannot ask as 'maxTokens' must be a positive integer: current value is ${show(maxTokens)}`);
  }
  if (temperature !== undefined && !(Number.isFinite(temperature) && temperature >= 0)) {
    throw new RangeError(
      `Cannot ask as 'temperature' must be a number from 0 on: current value is ${show(temperature)}`,
    );
  }
  return request;
}

/** Lines of a file have a `prompt`, and so have requests of other libraries: no name of ours is near enough to hint at. */
function checkNoPrompt(request: ModelRequest): void {
  const { prompt } = (request ?? {}) as { prompt?: unknown };
  if (prompt === undefined) return;
  throw new TypeError(
    "Cannot set 'request.prompt' as a request has 'messages': ask the text itself, or " +
      `{ messages: [{ role: "user", content: … }] }: current value is ${show(prompt)}`,
  );
}

function checkMessages(messages: NonNullable<ModelRequest["messages"]>): void {
  if (!Array.isArray(messages)) {
    throw new TypeError(`Cannot ask as 'messages' must be a list: current value is ${show(messages)}`);
  }
  for (const message of messages as readonly unknown[]) {
    const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
    if (!ROLES.includes(role) || typeof content !== "string") {
      throw new TypeError(
        `Cannot ask as each message must have a role (system, user or assistant) and a text as content: current value is ${show(message)}`,
      );
    }
  }
}
