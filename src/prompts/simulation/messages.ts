/** POST /v1/messages. */
import type { Answer, Dialect, JsonObject, Question, Refusal } from "./dialect.js";
import { missingParameter, type Problem } from "./problem.js";
import { joinContents, readMaxTokens, readMessages, readModel, readText } from "./read-body.js";
import { serverSentEvent } from "./server-sent-event.js";
import { countTokens } from "./simulated-text.js";

/** Anthropic's names for errors, by status. */
const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  503: "api_error",
  529: "overloaded_error",
};

/** Anthropic's messages. */
export const messages: Dialect = {
  endpoint: "messages",
  vendor: "anthropic",

  read(body: JsonObject): Question {
    if (body["model"] === undefined) throw missingParameter("model");
    const model = readModel(body);
    const maxTokens = readMaxTokens(body, ["max_tokens"]);
    if (maxTokens === undefined) throw missingParameter("max_tokens");
    const system = readText(body["system"]);
    const conversation = readMessages(body["messages"], "messages");
    const all = system === "" ? conversation : [{ role: "system" as const, content: system }, ...conversation];
    const text = joinContents(all);
    return {
      model,
      messages: all,
      text,
      inputTokens: countTokens(text),
      inputs: [],
      maxTokens,
      schema: undefined,
      isStream: body["stream"] === true,
      body,
    };
  },

  whole: (question, answer) =>
    JSON.stringify({
      ...head(question, answer),
      content: [{ type: "text", text: answer.text }],
      stop_reason: stopReason(answer),
      stop_sequence: null,
      usage: usage(answer, answer.outputTokens),
    }),

  stream: {
    open(question, answer) {
      const empty = { content: [], stop_reason: null, stop_sequence: null, usage: usage(answer, 1) };
      const start = { type: "message_start", message: { ...head(question, answer), ...empty } };
      const block = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
      return serverSentEvent(start) + serverSentEvent(block) + serverSentEvent({ type: "ping" });
    },

    piece(_question, _answer, text) {
      const event = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } };
      return serverSentEvent(event);
    },

    close(_question, answer) {
      const stop = { type: "content_block_stop", index: 0 };
      const delta = {
        type: "message_delta",
        delta: { stop_reason: stopReason(answer), stop_sequence: null },
        usage: { output_tokens: answer.outputTokens },
      };
      return serverSentEvent(stop) + serverSentEvent(delta) + serverSentEvent({ type: "message_stop" });
    },
  },

  refusal(problem: Problem): Refusal {
    if (problem.code === "insufficient_quota") {
      // Theirs is no 429.
      const message =
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or " +
        "purchase credits.";
      return refuse(400, message);
    }
    if (problem.code === "invalid_api_key") return refuse(401, "invalid x-api-key");
    if (problem.code === "missing_required_parameter") return refuse(400, `${problem.param}: Field required`);
    return refuse(problem.status, problem.message);
  },
};

function refuse(status: number, message: string): Refusal {
  const type = TYPES[status] ?? "invalid_request_error";
  return { status, body: JSON.stringify({ type: "error", error: { type, message } }) };
}

function head({ model }: Question, { id }: Answer): object {
  return { id: `msg_simulated_${id}`, type: "message", role: "assistant", model };
}

function stopReason({ isCut }: Answer): string {
  return isCut ? "max_tokens" : "end_turn";
}

function usage({ inputTokens }: Answer, outputTokens: number): object {
  return {
    input_tokens: inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
  };
}
